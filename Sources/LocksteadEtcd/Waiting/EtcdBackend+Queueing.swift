import Lockstead

// Who waits: a key in the queue of each name, all of the same revision.
extension EtcdBackend {
    /// A request's place, and who was before it when that was read.
    struct Place: Sendable {
        let created: Int64
        /// Those before it and itself; of an exclusive request only the last one before it.
        let queues: [ContenderQueue]
        /// The revision that was read: watches begin after it.
        let revision: Int64
        /// When the sign of life was sent that was answered before this was read.
        let armedAt: ContinuousTime
    }

    /// Between two attempts at a cluster that does not answer.
    static let retryPause = Duration.milliseconds(250)
    /// A cluster that has not answered for so long ends the wait.
    static let patience = Duration.seconds(30)

    func queue(_ ask: Ask) async throws(LockError) -> AcquireOutcome {
        let begun = time.now
        while true {
            switch await enqueue(ask, lookEnd(ask)) {
            case .success(let place): return try await wait(ask, from: place)
            case .failure(.refused(let error)): throw error
            case .failure(.unanswered(let error)):
                // It finds its own key if an earlier attempt was carried out (R23).
                let mayBeThere = error.effect == .mayHaveHappened || ask.isPlaced.isSet
                let isSilent = begun.advanced(by: Self.patience) < time.now
                if mayBeThere, error.maySubside, !Task.isCancelled, !isSilent, !life.isOver { await pause(until: ask) }
                if time.now >= ask.request.wait.deadline, isSlow(error), !Task.isCancelled {
                    if mayBeThere { withdrawLater(ask) } else { forget(ask) }
                    return .busy(nil)
                }
                guard mayBeThere, error.maySubside, !Task.isCancelled, !isSilent, !life.isOver,
                    time.now < ask.request.wait.deadline
                else { throw await given(up: ask, error) }
            }
        }
    }

    /// A cluster that has just answered somebody is not gone: the wait is over, and the lock was not had in time.
    private func isSlow(_ error: EtcdError) -> Bool {
        error.code == .deadlineExceeded && client.lastHeard.advanced(by: .seconds(1)) > time.now
    }

    /// Puts the request's keys there if they are not, and looks who is before them, or whether they are alone, all in one revision.
    private func enqueue(_ ask: Ask, _ limit: ContinuousTime) async -> Result<Place, AskFailure> {
        let armedAt = ask.session.armedAt
        // What a transaction reads every member reads: of a queue that may be long it only counts.
        let looks = ask.request.mode == .exclusive && ask.keys.allSatisfy { lengths.isShort($0.name) }
        switch await self.ask(enqueueing(ask, looks: looks).request, for: ask, limit) {
        case .success(let answer) where answer.succeeded:
            return await entered(ask, answer, looked: looks, armedAt, limit)
        case .success(let answer): return found(ask, answer, armedAt)
        case .failure(let error) where error.code == .noSuchLease:
            ask.session.ended()
            forget(ask)
            return .failure(.refused(gone(ask)))
        case .failure(let error): return .failure(.unanswered(error))
        }
    }

    /// Behind those that the transaction read; or alone, or behind somebody who has yet to be looked at.
    private func entered(
        _ ask: Ask, _ answer: Etcdserverpb_TxnResponse, looked: Bool, _ armedAt: ContinuousTime,
        _ limit: ContinuousTime
    ) async -> Result<Place, AskFailure> {
        ask.isPlaced.set()
        let revision = answer.header.revision
        for (keys, read) in zip(ask.keys, answer.reads) { lengths.saw(read.count, in: keys.name) }
        if looked, answer.reads.count == ask.keys.count {
            return await place(ask, answer.reads, created: revision, revision, armedAt)
        }
        let alone = ask.own.map { ContenderQueue([own(ask, $0, created: revision)]) }
        let place = Place(created: revision, queues: alone, revision: revision, armedAt: armedAt)
        let isAlone = answer.reads.count == ask.keys.count && answer.reads.allSatisfy { $0.count == 1 }
        return isAlone ? .success(place) : await look(ask, place, limit)
    }

    private func own(_ ask: Ask, _ key: KeyBytes, created: Int64) -> Contender {
        Contender(
            key: key, created: created, modified: created, lease: ask.session.id, request: ask.request.id,
            record: ContenderRecord(ask.value))
    }

    private func enqueueing(_ ask: Ask, looks: Bool) -> Transaction {
        var transaction = Transaction()
        transaction.require(absent: ask.withdrawal)
        for (keys, own) in zip(ask.keys, ask.own) {
            transaction.require(absent: own)
            transaction.then(.put(own, value: ask.value, lease: ask.session.id))
            transaction.otherwise(.read(Etcdserverpb_RangeRequest(keys.contenders)))
        }
        for keys in ask.keys {
            transaction.then(.read(looks ? before(keys, nil, ask.request.mode) : .count(keys.contenders)))
        }
        return transaction
    }

    /// Who was before a place: of an exclusive request only the last one matters, and is read (R31).
    private func before(_ keys: LockKeys, _ created: Int64?, _ mode: LockMode) -> Etcdserverpb_RangeRequest {
        .latest(keys.contenders, upTo: created, count: mode == .exclusive ? 2 : 0)
    }

    /// The request was sent before: its keys are there, or it was withdrawn.
    private func found(
        _ ask: Ask, _ answer: Etcdserverpb_TxnResponse, _ armedAt: ContinuousTime
    ) -> Result<Place, AskFailure> {
        let queues = zip(answer.reads, ask.keys).map { ContenderQueue($0, of: $1) }
        let own = zip(queues, ask.own).compactMap { queue, own in queue.contenders.first { $0.key == own } }
        guard let created = own.first?.created, own.count == ask.own.count else {
            // It is marked as withdrawn, or somebody removed some of its keys.
            withdrawLater(ask)
            return .failure(.refused(gone(ask)))
        }
        ask.isPlaced.set()
        return .success(
            Place(created: created, queues: queues, revision: answer.header.revision, armedAt: armedAt))
    }

    /// Reads anew who is before a place.
    func look(_ ask: Ask, _ place: Place, _ deadline: ContinuousTime) async -> Result<Place, AskFailure> {
        let armedAt = ask.session.armedAt
        let ranges = ask.keys.map { before($0, place.created, ask.request.mode) }
        switch await read(ranges, for: ask, deadline) {
        case .success(let seen):
            return await self.place(ask, seen.reads, created: place.created, seen.revision, armedAt)
        case .failure(let error): return .failure(.unanswered(error))
        }
    }

    /// What was read, as a place; read whole where keys of names below hide those of this one.
    private func place(
        _ ask: Ask, _ reads: [Etcdserverpb_RangeResponse], created: Int64, _ revision: Int64, _ armedAt: ContinuousTime
    ) async -> Result<Place, AskFailure> {
        let queues = zip(reads, ask.keys).map { ContenderQueue($0, of: $1) }
        let isHidden = zip(reads, queues).contains { $0.more && $0.kvs.count > $1.contenders.count }
        // What a name is in use as is for the first one to say.
        let isOdd = zip(reads, queues).contains { $0.more && $1.hasSeveralKinds }
        guard isHidden || isOdd else {
            return .success(Place(created: created, queues: queues, revision: revision, armedAt: armedAt))
        }
        return await wholePlace(ask, created, armedAt)
    }

    private func wholePlace(
        _ ask: Ask, _ created: Int64, _ armedAt: ContinuousTime
    ) async -> Result<Place, AskFailure> {
        let ranges = ask.keys.map { Etcdserverpb_RangeRequest.latest($0.contenders, upTo: created, count: 0) }
        switch await read(ranges, for: ask, lookEnd(ask)) {
        case .success(let seen):
            let queues = zip(seen.reads, ask.keys).map { ContenderQueue($0, of: $1) }
            return .success(Place(created: created, queues: queues, revision: seen.revision, armedAt: armedAt))
        case .failure(let error): return .failure(.unanswered(error))
        }
    }
}
