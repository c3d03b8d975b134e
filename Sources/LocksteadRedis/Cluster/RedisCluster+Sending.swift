package import Lockstead
package import RESP
import Synchronization

extension RedisCluster {
    package func send(_ command: RedisCommand, deadline: ContinuousTime?) async throws(RedisError) -> RESPValue {
        try await send([command], deadline ?? defaultDeadline, after: nil)[0].get()
    }

    /// An attempt of a command that brought nothing.
    struct Attempt: Sendable {
        let error: RedisError
        let asked: RedisEndpoint
    }

    /// Sends a command until it is carried out, may have been, or there is no time left.
    ///
    /// - Parameters:
    ///   - train: The command, and what follows it wherever it goes.
    ///   - deadline: When there is no time left.
    ///   - first: What came of it so far.
    /// - Returns: One result for each, where the first one is a success.
    /// - Throws: Why the first one was not carried out, or may not have been.
    func send(
        _ train: [RedisCommand], _ deadline: ContinuousTime, after first: Attempt?
    ) async throws(RedisError) -> [Result<RESPValue, RedisError>] {
        var (detour, last) = (ClusterDetour(), first)
        while true {
            let (target, isAsking) = try await nextTarget(train[0], deadline, &detour, after: last)
            let results = await send(train, to: target, asking: isAsking, deadline)
            guard case .failure(let error) = results[0] else { return results }
            last = Attempt(error: translated(error), asked: target)
        }
    }

    /// Where the next attempt goes, once it is time for it.
    private func nextTarget(
        _ command: RedisCommand, _ deadline: ContinuousTime, _ detour: inout ClusterDetour, after last: Attempt?
    ) async throws(RedisError) -> (RedisEndpoint, asking: Bool) {
        if let last {
            switch step(after: last, &detour) {
            case .fail: throw last.error
            case .go(let endpoint, let isAsking): return (endpoint, isAsking)
            case .pause(let pause):
                let next = context.time.now.advanced(by: pause)
                guard next < deadline else { throw last.error }
                // A cancelled task finds out when it sends.
                _ = try? await context.time.sleep(until: next)
            }
        }
        return (try await servedTarget(of: command, deadline), false)
    }

    private static let unservedPause = Duration.milliseconds(100)

    /// Who is to be sent a command, once anybody is: a slot may be without a primary for a while.
    private func servedTarget(
        of command: RedisCommand, _ deadline: ContinuousTime
    ) async throws(RedisError) -> RedisEndpoint {
        while true {
            if let target = target(of: command) { return target }
            try await awaitMap(until: deadline)
            if let target = target(of: command) { return target }
            guard context.time.now < deadline else { throw .unserved }
            if Task.isCancelled { throw .cancelled(.didNotHappen) }
            doubted.ring()
            let next = min(deadline, context.time.now.advanced(by: Self.unservedPause))
            await changes.sleep(until: next, on: context.time)
        }
    }

    /// Who is to be sent a command; for one without a key, any primary.
    func target(of command: RedisCommand) -> RedisEndpoint? {
        let slot = command.key.map(ClusterSlot.init(of:))
        return state.withLock { state in
            guard let slot else { return state.anyPrimary() }
            return state.endpoint(of: slot)
        }
    }

    /// Next to each other on one connection: ASKING holds for the next command alone, and followers speak of what was written there.
    private func send(
        _ train: [RedisCommand], to target: RedisEndpoint, asking isAsking: Bool, _ deadline: ContinuousTime
    ) async -> [Result<RESPValue, RedisError>] {
        let node = member(at: target).node
        guard isAsking || train.count > 1 else {
            do throws(RedisError) { return [.success(try await node.send(train[0], deadline: deadline))] } catch {
                return [.failure(error)]
            }
        }
        let prefix = isAsking ? [RedisCommand("ASKING")] : []
        return Array(await node.pipeline(prefix + train, deadline: deadline).dropFirst(prefix.count))
    }

    /// What comes of a failed attempt, and takes note of what it says about the cluster.
    private func step(after attempt: Attempt, _ detour: inout ClusterDetour) -> ClusterDetour.Step {
        note(attempt)
        var generator = SystemRandomNumberGenerator()
        return detour.next(after: attempt.error, from: attempt.asked, draw: generator.next())
    }

    /// Takes note of what a failure says about the cluster.
    func note(_ attempt: Attempt) {
        if attempt.error.code == .moved,
            let redirection = ClusterRedirection(attempt.error.serverText, from: attempt.asked)
        {
            state.withLock { $0.note(redirection) }
        }
        if attempt.error.isReasonToRefresh { doubted.ring() }
    }

    /// A node that was given up is no end of the cluster.
    func translated(_ error: RedisError) -> RedisError {
        guard error.code == .shutDown, state.withLock({ !$0.isOver }) else { return error }
        return RedisError(
            .connectionLost, "The node serves no slot any more, and the connection to it was given up.",
            effect: error.effect)
    }

    /// Waits until the topology is known.
    ///
    /// - Throws: Why it is not, where nobody could be asked.
    func awaitMap(until deadline: ContinuousTime) async throws(RedisError) {
        while true {
            let (isKnown, isOver, failure) = state.withLock { ($0.map != nil, $0.isOver, $0.failure) }
            if isOver { throw .shutDown }
            if isKnown { return }
            if let failure { throw failure.with(effect: .didNotHappen) }
            if Task.isCancelled { throw .cancelled(.didNotHappen) }
            guard context.time.now < deadline else { throw .deadlineExceeded(.didNotHappen) }
            await changes.sleep(until: deadline, on: context.time) {
                state.withLock { $0.map != nil || $0.failure != nil || $0.isOver }
            }
        }
    }
}

extension RedisError {
    /// The cluster has no primary for the slot.
    static let unserved = RedisError(
        .clusterDown, "No primary serves the slot of this key; look at the cluster's state.", effect: .didNotHappen)
}
