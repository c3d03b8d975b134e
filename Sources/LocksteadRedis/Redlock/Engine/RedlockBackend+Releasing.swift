package import Lockstead
import RESP
import Synchronization

extension RedlockBackend {
    /// Between two attempts at a release that no majority answered.
    private static let releaseAgain = Duration.milliseconds(50)

    package func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        let keys = try keys(of: grant.names)
        life.forgetLimit(of: grant.request)
        guard let holding = holdings.end(grant) else { return .lost(.superseded) }
        holding.isOver.set()
        let owed = OwedNodes()
        var poll = await releaseOnce(holding, keys, owed, until: limit(deadline))
        // One that nobody knows the end of may be asked for again.
        var isRepeated = holding.isEnding
        if poll.verdict == .unknown, !poll.isAnswered {
            (poll, isRepeated) = (
                await shieldedFromCancellation { await self.repeated(holding, keys, owed, until: deadline) }, true
            )
        }
        return try conclude(poll, holding, isRepeated: isRepeated)
    }

    /// Nodes that are told of one release when they are back: once each, however often it is tried.
    private final class OwedNodes: Sendable {
        private let nodes = Mutex<Set<Int>>([])
        func isFirst(_ node: RedlockNode) -> Bool { nodes.withLock { $0.insert(node.index).inserted } }
    }

    private func releaseOnce(
        _ holding: Holdings.Holding, _ keys: LockKeys, _ owed: OwedNodes, until limit: ContinuousTime
    ) async -> Poll {
        let doubtful = holding.doubtful
        let (plain, marked) = (
            releaseCall(keys, attempt: holding.attempt, mark: false, isGrant: true),
            releaseCall(keys, attempt: holding.attempt, mark: true, isGrant: true)
        )
        let end = time.now.advanced(by: max(holding.request.lease, Self.onItsWay))
        let asked = nodes.filter(\.isFit)
        // Whoever cannot be told now is told when it is back.
        for node in nodes where !asked.contains(where: { $0 === node }) && owed.isFirst(node) {
            node.owe(marked, until: end)
        }
        let gathering = gather(
            Poll(quorum, asked: asked.map(\.index)), { doubtful.contains($0.index) ? marked : plain }, on: asked,
            until: min(limit, time.now.advanced(by: engine.nodeTimeout)), reading: NodeVotes.release,
            then: { _, node, failure in
                if failure?.maySubside ?? false, owed.isFirst(node) { node.owe(marked, until: end) }
            })
        return await gathering.decided()
    }

    private func repeated(
        _ holding: Holdings.Holding, _ keys: LockKeys, _ owed: OwedNodes, until deadline: ContinuousTime
    ) async -> Poll {
        var poll = Poll(quorum, asked: [])
        while poll.verdict == .unknown, !poll.isAnswered, time.now < deadline, !life.isOver {
            // Nobody cancels the task this runs in.
            _ = try? await time.sleep(until: min(deadline, time.now.advanced(by: Self.releaseAgain)))
            poll = await releaseOnce(holding, keys, owed, until: limit(deadline))
        }
        return poll
    }

    private func conclude(
        _ poll: Poll, _ holding: Holdings.Holding, isRepeated: Bool
    ) throws(LockError) -> ReleaseOutcome {
        let grant = holding.grant
        switch poll.verdict {
        case .won:
            holdings.remove(holding)
            return .released
        case .lost where !isRepeated:
            holdings.remove(holding)
            if let limit = grant.holdLimit, limit <= time.now { return .lost(.holdLimit) }
            return .lost(.expired)
        // Some nodes gave it back, some never had it, and those that are down are told later: it is nobody's, and was ours until its end.
        case .unknown where poll.isAnswered:
            holdings.remove(holding)
            return holding.isValid(at: time.now) ? .released : .lost(.expired)
        // An attempt whose answer was lost may have given it back. It stays known as one that may be asked for again.
        case .lost: throw .unknownRelease(of: grant, isFree: true)
        case .open, .unknown:
            throw LockError(
                .indeterminate,
                "No majority of the Redlock nodes said what became of the release of \"\(grant.names.first?.text ?? "")\"; the others are told when they are back, and the lease ends it at the latest.",
                effect: .mayHaveHappened)
        }
    }

    /// Gives back an attempt's key, or takes a request out of the list.
    ///
    /// `mark` says that something of the attempt may still arrive, `isGrant` that somebody believed it, and `looksItself` is the request
    /// that asked, where it goes on waiting.
    func releaseCall(
        _ keys: LockKeys, attempt: RequestID?, mark isMarked: Bool, isGrant: Bool, leaving request: RequestID? = nil,
        looksItself: RequestID? = nil
    ) -> RedisScriptCall {
        var call = call(RedlockScripts.release, keys)
        call.append(attempt?.description ?? "-")
        call.append(request?.description ?? "-")
        call.append(isMarked ? Self.onItsWay.millisecondsUp : 0)
        call.append(isGrant ? 1 : 0)
        call.append(looksItself?.description ?? "-")
        return call
    }

    /// Takes the request out of the nodes' lists; what is not answered ends with the waiter's silence.
    @discardableResult
    func leaveLists(_ ask: Ask) -> Gathering<Poll>? {
        ask.hasLeft.set()
        let listed = ask.listed.take()
        guard !listed.isEmpty else { return nil }
        let call = releaseCall(ask.keys, attempt: nil, mark: false, isGrant: false, leaving: ask.request.id)
        // All of them are to answer.
        return gather(
            Poll(Quorum(nodes: listed.count * 2 - 1), asked: Array(listed)), { _ in call },
            on: nodes.filter { listed.contains($0.index) }, until: time.now.advanced(by: Self.lastWord),
            reading: NodeVotes.done)
    }

    package func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        let keys = try keys(of: request.names)
        let limit = limit(deadline)
        let result = await shieldedFromCancellation { () -> Result<Void, LockError> in
            do throws(LockError) { return .success(try await self.withdraw(request, keys, until: limit)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func withdraw(
        _ request: LockRequest, _ keys: LockKeys, until limit: ContinuousTime
    ) async throws(LockError) {
        let signal = WakeSignal()
        // Whoever still waits under this request is to see that it is over, and what it got meanwhile is given back.
        while gate.withdraw(request.id, ringing: signal), time.now < limit {
            // Nobody cancels the task this runs in.
            _ = try? await signal.sleep(until: limit, on: time)
        }
        if let holding = holdings.holding(of: request.id) {
            do throws(LockError) { _ = try await release(holding.grant, deadline: limit) } catch {
                // It is free, and that is all that a withdrawal wants.
                guard error.cause is FreeOfGrant else { throw error }
            }
        }
        let call = releaseCall(keys, attempt: nil, mark: false, isGrant: false, leaving: request.id)
        let asked = nodes.filter(\.isFit)
        let gathering = gather(
            Poll(quorum, asked: asked.map(\.index)), { _ in call }, on: asked, until: limit, reading: NodeVotes.done)
        guard await gathering.decided().verdict == .won else {
            throw unavailable(gathering.failures, effect: .mayHaveHappened)
        }
    }
}
