import Jute
import Lockstead

// Who does not wait: taken if it is free, and nothing is left in the queue otherwise.
extension ZooKeeperBackend {
    func take(_ ask: Ask) async throws(LockError) -> AcquireOutcome {
        let limit = firstDeadline(of: ask.request)
        if !ask.isDoubtful.isSet, let outcome = try await lookBefore(ask, limit) { return outcome }
        switch await placeAnywhere(ask, limit) {
        case .success(let place):
            let standings = zip(place.own, place.queues).map { QueueStanding(of: $0.text, created: nil, in: $1) }
            if standings.allSatisfy({ $0 == .granted }), let proof = ask.session.proof {
                return try await accept(ask, place, proof)
            }
            _ = await withdraw(ask, place)
            for case .mismatch(let kind) in standings { throw LockError(Refusal.kindMismatch(kind)) }
            return .busy(await blocker(of: ask, limit))
        case .failure(.refused(let error)): throw error
        case .failure(.unanswered(let error)): throw await given(up: ask, error)
        }
    }

    /// Between two attempts where a server was lost; the session goes on at another one.
    private static let pauseOfTries = Duration.milliseconds(20)

    private func placeAnywhere(_ ask: Ask, _ limit: ContinuousTime) async -> Result<Place, AskFailure> {
        while true {
            let result = await place(ask, limit)
            guard case .failure(.unanswered(let error)) = result, mayGoElsewhere(after: error, limit) else {
                return result
            }
            await pause(Self.pauseOfTries)
        }
    }

    private func queuesAnywhere(
        of ask: Ask, _ limit: ContinuousTime
    ) async throws(ZooKeeperError) -> [ContenderQueue] {
        while true {
            do throws(ZooKeeperError) { return try await freshQueues(of: ask.paths, on: ask.session, limit) } catch {
                guard mayGoElsewhere(after: error, limit) else { throw error }
                await pause(Self.pauseOfTries)
            }
        }
    }

    private func mayGoElsewhere(after error: ZooKeeperError, _ limit: ContinuousTime) -> Bool {
        error.code == .connectionLost && !Task.isCancelled && time.now < limit && !life.isOver
    }

    /// Who is there already; `nil` where the names are free as far as it shows.
    private func lookBefore(_ ask: Ask, _ limit: ContinuousTime) async throws(LockError) -> AcquireOutcome? {
        let queues: [ContenderQueue]
        do throws(ZooKeeperError) {
            queues = try await queuesAnywhere(of: ask, limit)
        } catch { throw await given(up: ask, error) }
        let kind = ask.request.mode.kind
        for other in queues.compactMap(\.kind) where other != kind {
            forget(ask)
            throw LockError(Refusal.kindMismatch(other))
        }
        if queues.allSatisfy({ $0.admits(ask.request.mode) }) { return nil }
        forget(ask)
        return .busy(await blocker(of: ask, limit))
    }

    /// Who is in the way, where it is one name and there is time to ask.
    func blocker(of ask: Ask, _ limit: ContinuousTime) async -> LockDescription? {
        guard ask.paths.count == 1 else { return nil }
        let call = ask.session.send(.getChildren(path: ask.paths[0].queue, watch: false), until: limit)
        // Who cannot be asked about in time is not told.
        guard var queue = try? await self.queue(call, of: ask.paths[0], on: ask.session, limit) else { return nil }
        queue.contenders.removeAll { $0.name.text.hasPrefix(ask.start) }
        guard let kind = queue.kind,
            let holders = try? await read(
                Array(queue.holders.prefix(Self.holdersTold)), of: ask.paths[0], on: ask.session, limit)
        else { return nil }
        let now = time.wallClockNanoseconds / 1_000_000
        return LockDescription(
            name: ask.request.names[0], kind: kind, holders: holders.map { $0.holder(at: now, remaining: nil) },
            waiters: [], waiterCount: 0)
    }

    /// So many are told to one who did not get the lock.
    private static let holdersTold = 8

    /// What contenders' nodes say; those that are gone meanwhile are left out, those that we may not read stay as they are.
    func read(
        _ contenders: [Contender], of paths: LockPaths, on session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(ZooKeeperError) -> [Contender] {
        let calls = contenders.map {
            session.send(.getData(path: paths.contender($0.name), watch: false), until: deadline)
        }
        var found: [Contender] = []
        for (contender, call) in zip(contenders, calls) {
            do throws(ZooKeeperError) {
                guard case .data(let data, let stat) = try await call.value(on: time).get().result else {
                    throw .badAnswer
                }
                found.append(contender.read(data, stat))
            } catch {
                switch error.code {
                case .noNode: continue
                // Somebody is there, and does not say who.
                case .permissionDenied: found.append(contender)
                default: throw error
                }
            }
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
