import Lockstead

// Who does not wait: taken if it is free, and nothing is left in the queue otherwise.
extension EtcdBackend {
    /// So many contenders are read where only the first one matters; the others may be those of names below.
    private static let firstFew = 8
    /// So often another comes between our reading and our writing before we take the lock as held.
    private static let mostRaces = 50
    /// Before the next try where a connection broke.
    private static let pauseOfTries = Duration.milliseconds(20)

    func take(_ ask: Ask, _ limit: ContinuousTime) async throws(LockError) -> AcquireOutcome {
        var (seen, lost) = (Int64?.none, EtcdError?.none)
        for _ in 0..<Self.mostRaces {
            let armedAt = ask.session.armedAt
            switch await self.ask(taking(ask, since: seen).request, for: ask, limit) {
            case .success(let answer) where answer.succeeded:
                return try await accept(ask, created: answer.header.revision, armedAt: armedAt)
            case .success(let answer):
                let queues = try await queues(of: ask, answer, limit)
                if let outcome = try await judged(ask, queues, armedAt) { return outcome }
                seen = answer.header.revision
            case .failure(let error) where error.code == .connectionLost && !Task.isCancelled && time.now < limit:
                lost = error
                await pause(Self.pauseOfTries)
            case .failure(let error) where error.code == .noSuchLease:
                ask.session.ended()
                forget(ask)
                throw gone(ask)
            case .failure(let error): throw await given(up: ask, error)
            }
        }
        if let lost { throw await given(up: ask, lost) }
        letGo(ask)
        return .busy(nil)
    }

    /// Nothing is held, and nothing will be: not even by an attempt whose answer was lost and that comes late.
    private func letGo(_ ask: Ask) { if ask.lostAnAnswer.isSet { withdrawLater(ask) } else { forget(ask) } }

    /// Takes the names if nobody is there, or if nobody has come since they were seen.
    private func taking(_ ask: Ask, since revision: Int64?) -> Transaction {
        var transaction = Transaction()
        transaction.require(absent: ask.withdrawal)
        for (keys, own) in zip(ask.keys, ask.own) {
            if let revision {
                transaction.require(nothingNewIn: keys.contenders, since: revision)
                transaction.require(absent: own)
            } else {
                transaction.require(empty: keys.contenders)
            }
            transaction.then(.put(own, value: ask.value, lease: ask.session.id))
            transaction.otherwise(.read(.first(of: keys, count: few(for: ask))))
        }
        return transaction
    }

    /// Of those before an exclusive request the first one is enough, unless the request itself may be among them.
    private func few(for ask: Ask) -> Int {
        ask.request.mode == .exclusive && !ask.lostAnAnswer.isSet ? Self.firstFew : 0
    }

    /// Who is there; read anew where those who were read are not of these names.
    private func queues(
        of ask: Ask, _ answer: Etcdserverpb_TxnResponse, _ limit: ContinuousTime
    ) async throws(LockError) -> [ContenderQueue] {
        guard answer.reads.count == ask.keys.count else { throw .badAnswer(to: "Txn") }
        let queues = zip(answer.reads, ask.keys).map { ContenderQueue($0, of: $1) }
        let isWhole = zip(answer.reads, queues).allSatisfy { !$0.more || !$1.contenders.isEmpty }
        return isWhole ? queues : try await wholeQueues(of: ask, limit)
    }

    private func wholeQueues(of ask: Ask, _ limit: ContinuousTime) async throws(LockError) -> [ContenderQueue] {
        switch await read(ask.keys.map { Etcdserverpb_RangeRequest($0.contenders) }, for: ask, limit) {
        case .success(let seen): return zip(seen.reads, ask.keys).map { ContenderQueue($0, of: $1) }
        case .failure(let error): throw await given(up: ask, error)
        }
    }

    /// What the queues say; `nil` where the names are free as far as they show.
    private func judged(
        _ ask: Ask, _ queues: [ContenderQueue], _ armedAt: ContinuousTime
    ) async throws(LockError) -> AcquireOutcome? {
        let places = zip(queues, ask.own).map { queue, own in queue.contenders.first { $0.key == own } }
        if let created = places.compactMap({ $0?.created }).first {
            let standings = zip(queues, ask.own).map { QueueStanding(of: $1, created: created, in: $0) }
            if standings.allSatisfy({ $0 == .granted }) {
                return try await accept(ask, created: created, armedAt: armedAt)
            }
            return .busy(await leave(ask))
        }
        for queue in queues {
            guard
                let other = queue.contenders.first(where: { $0.record != nil && $0.mode.kind != ask.request.mode.kind })
            else { continue }
            letGo(ask)
            throw LockError(Refusal.kindMismatch(other.mode.kind))
        }
        guard !queues.allSatisfy({ $0.admits(ask.request.mode) }) else { return nil }
        letGo(ask)
        return .busy(blocker(of: ask.request, queues))
    }

    /// Who is in the way, where it is one name.
    func blocker(of request: LockRequest, _ queues: [ContenderQueue]) -> LockDescription? {
        guard request.names.count == 1, let queue = queues.first, let kind = queue.kind else { return nil }
        let now = time.wallClockNanoseconds / 1_000_000
        return LockDescription(
            name: request.names[0], kind: kind, holders: queue.holders.map { $0.holder(at: now, remaining: nil) },
            waiters: [], waiterCount: 0)
    }
}
