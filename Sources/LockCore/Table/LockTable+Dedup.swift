extension LockTable {
    /// Carries `work` out once for its sequence (RULES 16); a retry gets the first answer again.
    mutating func once(
        _ session: Slot<SessionRecord>, _ dedup: Dedup?, _ fingerprint: UInt64,
        _ work: (inout LockTable) -> Answer
    ) -> Answer {
        guard let dedup else { return work(&self) }
        forgetAnswers(of: session, through: dedup.doneThrough)
        guard dedup.sequence > sessionSlab[session].doneThrough else { return .refused(.sequenceDone) }
        let place = place(of: dedup.sequence, in: session)
        if place < sessionSlab[session].answers.count, sessionSlab[session].answers[place].sequence == dedup.sequence {
            let known = sessionSlab[session].answers[place]
            guard known.fingerprint == fingerprint else { return .refused(.sequenceReused) }
            return known.answer ?? .queued
        }
        guard sessionSlab[session].answers.count < Limits.outstandingPerSession else {
            return .refused(.tooManyOutstanding)
        }
        let id = sessionSlab[session].id
        let answer = work(&self)
        // The work may have ended the session itself.
        guard let session = sessionIndex[id] else { return answer }
        keep(
            DedupRecord(sequence: dedup.sequence, fingerprint: fingerprint, answer: answer == .queued ? nil : answer),
            in: session)
        return answer
    }

    mutating func keep(_ record: DedupRecord, in session: Slot<SessionRecord>) {
        sessionSlab[session].answers.insert(record, at: place(of: record.sequence, in: session))
        recordSum &+= hash(record, of: sessionSlab[session].id)
    }

    /// Where the first answer of this or a later sequence is.
    private func place(of sequence: UInt64, in session: Slot<SessionRecord>) -> Int {
        var (low, high) = (0, sessionSlab[session].answers.count)
        while low < high {
            let middle = (low + high) / 2
            if sessionSlab[session].answers[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The wait of a request ended: whoever retries it is told how, under each sequence it was issued with.
    mutating func settle(_ session: Slot<SessionRecord>, _ command: Command.Acquire, _ answer: Answer) {
        guard !sessionSlab[session].answers.isEmpty else { return }
        let id = sessionSlab[session].id
        let fingerprint = fingerprint(of: command)
        for place in sessionSlab[session].answers.indices {
            let record = sessionSlab[session].answers[place]
            guard record.answer == nil, record.fingerprint == fingerprint else { continue }
            if makes(.onlyFirstSequenceSettled), record.sequence != command.dedup?.sequence { continue }
            recordSum &-= hash(record, of: id)
            sessionSlab[session].answers[place].answer = answer
            recordSum &+= hash(sessionSlab[session].answers[place], of: id)
        }
    }

    private mutating func forgetAnswers(of session: Slot<SessionRecord>, through done: UInt64) {
        guard done > sessionSlab[session].doneThrough else { return }
        change(session) { $0.doneThrough = done }
        let id = sessionSlab[session].id
        let gone = done == .max ? sessionSlab[session].answers.count : place(of: done + 1, in: session)
        for record in sessionSlab[session].answers.prefix(gone) { recordSum &-= hash(record, of: id) }
        sessionSlab[session].answers.removeFirst(gone)
    }
}
