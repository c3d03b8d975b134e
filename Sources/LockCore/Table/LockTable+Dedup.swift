extension LockTable {
    /// Carries `work` out once for its sequence (RULES 16); a retry gets the first answer again.
    mutating func once(
        _ session: Slot<SessionRecord>, _ dedup: Dedup?, _ fingerprint: UInt64,
        _ work: (inout LockTable) -> Answer
    ) -> Answer {
        guard let dedup else { return work(&self) }
        forgetAnswers(of: session, through: dedup.doneThrough)
        guard dedup.sequence > sessionSlab[session].doneThrough else { return .refused(.sequenceDone) }
        if let known = sessionSlab[session].answers.first(where: { $0.sequence == dedup.sequence }) {
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
        let place = sessionSlab[session].answers.firstIndex { $0.sequence > record.sequence }
        sessionSlab[session].answers.insert(record, at: place ?? sessionSlab[session].answers.endIndex)
        recordSum &+= hash(record, of: sessionSlab[session].id)
    }

    /// The wait of a request ended: whoever retries it is told how.
    mutating func settle(_ session: Slot<SessionRecord>, _ dedup: Dedup?, _ answer: Answer) {
        guard let dedup,
            let place = sessionSlab[session].answers.firstIndex(where: { $0.sequence == dedup.sequence })
        else { return }
        let id = sessionSlab[session].id
        recordSum &-= hash(sessionSlab[session].answers[place], of: id)
        sessionSlab[session].answers[place].answer = answer
        recordSum &+= hash(sessionSlab[session].answers[place], of: id)
    }

    private mutating func forgetAnswers(of session: Slot<SessionRecord>, through done: UInt64) {
        guard done > sessionSlab[session].doneThrough else { return }
        change(session) { $0.doneThrough = done }
        let id = sessionSlab[session].id
        let gone = sessionSlab[session].answers.prefix { $0.sequence <= done }
        for record in gone { recordSum &-= hash(record, of: id) }
        sessionSlab[session].answers.removeFirst(gone.count)
    }
}
