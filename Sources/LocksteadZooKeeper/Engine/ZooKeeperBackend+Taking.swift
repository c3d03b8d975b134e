import Jute
import Lockstead

// Who does not wait: taken if it is free, and nothing is left in the queue otherwise.
extension ZooKeeperBackend {
    func take(_ ask: Ask) async throws(LockError) -> AcquireOutcome {
        let limit = firstDeadline(of: ask.request)
        if !ask.isDoubtful.isSet, let outcome = try await lookBefore(ask, limit) { return outcome }
        switch await place(ask, limit) {
        case .success(let place):
            let standings = zip(place.own, place.queues).map { QueueStanding(of: $0.text, created: nil, in: $1) }
            if standings.allSatisfy({ $0 == .granted }), let proof = ask.session.proof {
                return try await accept(ask, place, proof)
            }
            _ = await withdraw(ask, place)
            for case .mismatch(let kind) in standings { throw LockError(Refusal.kindMismatch(kind)) }
            return .busy(await blocker(of: ask, place.queues, limit))
        case .failure(.refused(let error)): throw error
        case .failure(.unanswered(let error)): throw await given(up: ask, error)
        }
    }

    /// Who is there already; `nil` where the names are free as far as it shows.
    private func lookBefore(_ ask: Ask, _ limit: ContinuousTime) async throws(LockError) -> AcquireOutcome? {
        let queues: [ContenderQueue]
        do throws(ZooKeeperError) {
            queues = try await freshQueues(of: ask.paths, on: ask.session, limit)
        } catch { throw await given(up: ask, error) }
        let kind = ask.request.mode.kind
        for other in queues.compactMap(\.kind) where other != kind {
            forget(ask)
            throw LockError(Refusal.kindMismatch(other))
        }
        if queues.allSatisfy({ $0.admits(ask.request.mode) }) { return nil }
        forget(ask)
        return .busy(await blocker(of: ask, queues, limit))
    }

    /// Who is in the way, where it is one name and there is time to ask.
    func blocker(of ask: Ask, _ queues: [ContenderQueue], _ limit: ContinuousTime) async -> LockDescription? {
        guard ask.paths.count == 1, var queue = queues.first else { return nil }
        queue.contenders.removeAll { $0.name.text.hasPrefix(ask.start) }
        guard let kind = queue.kind else { return nil }
        let holders = await read(Array(queue.holders.prefix(Self.holdersTold)), of: ask.paths[0], on: ask.session, limit)
        let now = time.wallClockNanoseconds / 1_000_000
        return LockDescription(
            name: ask.request.names[0], kind: kind, holders: holders.map { $0.holder(at: now, remaining: nil) },
            waiters: [], waiterCount: 0)
    }

    /// So many are told to one who did not get the lock.
    private static let holdersTold = 8

    /// What contenders' nodes say; those that are gone meanwhile are left out.
    func read(
        _ contenders: [Contender], of paths: LockPaths, on session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async -> [Contender] {
        let calls = contenders.map { session.send(.getData(path: paths.contender($0.name), watch: false), until: deadline) }
        var found: [Contender] = []
        for (contender, call) in zip(contenders, calls) {
            guard case .success(let answered) = await call.value(on: time),
                case .data(let data, let stat) = answered.result
            else { continue }
            found.append(contender.read(data, stat))
        }
        return found
    }
}

extension Contender {
    /// With what its node says.
    func read(_ data: [UInt8], _ stat: ZNodeStat) -> Contender {
        var contender = self
        (contender.created, contender.version, contender.session) = (stat.created, stat.version, stat.owner)
        contender.record = ContenderRecord(data)
        return contender
    }
}
