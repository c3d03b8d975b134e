package import Lockstead
import NIOCore
package import RESP
import Synchronization

extension RedisNode {
    package func send(_ command: RedisCommand, deadline: ContinuousTime?) async throws(RedisError) -> RESPValue {
        let call = RedisCall(command, deadline: deadline ?? defaultDeadline)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if call.await(.one(continuation)) { submit(CollectionOfOne(call)) }
            }
        } onCancel: {
            call.fail { .cancelled($0) }
        }
        return try answer.get()
    }

    package func begin(
        _ command: RedisCommand, deadline: ContinuousTime?,
        then: @escaping @Sendable (Result<RESPValue, RedisError>) -> Void
    ) {
        let call = RedisCall(command, deadline: deadline ?? defaultDeadline)
        if call.await(.handler(then)) { submit(CollectionOfOne(call)) }
    }

    package func pipeline(_ commands: [RedisCommand], deadline: ContinuousTime?) async -> [Result<
        RESPValue, RedisError
    >] {
        guard !commands.isEmpty else { return [] }
        let deadline = deadline ?? defaultDeadline
        let calls = commands.map { RedisCall($0, deadline: deadline) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let batch = CommandBatch(count: calls.count, waiter: continuation)
                let wanted = calls.enumerated().filter { $0.element.await(.part(batch, index: $0.offset)) }
                if !wanted.isEmpty { submit(wanted.map(\.element)) }
            }
        } onCancel: {
            for call in calls { call.fail { .cancelled($0) } }
        }
    }

    private var defaultDeadline: ContinuousTime { context.time.now + TimeSpan(configuration.timeouts.command) }

    /// Hands calls to a connection, or has them wait for one.
    private func submit(_ calls: some Collection<RedisCall>) {
        // A connection that has just ended refuses; the machine may not know yet.
        for attempt in 0..<4 {
            switch route(calls, prefersOwnLoop: attempt == 0) {
            case .wait: return
            case .fail(let error): return fail(calls, error)
            case .send(let connection):
                switch connection.submit(calls) {
                case .admitted: return
                case .full: return fail(calls, .tooManyCommands(configuration.limits.pendingCommands))
                case .closed: continue
                }
            }
        }
        fail(
            calls,
            RedisError(.connectionLost, "The connection ended before the command was sent.", effect: .didNotHappen))
    }

    private func route(
        _ calls: some Collection<RedisCall>, prefersOwnLoop: Bool
    ) -> NodeMachine<RedisConnection, RedisCall>.Route {
        let limit = configuration.limits.pendingCommands
        let route = state.withLock { machine in
            let route = machine.route { prefersOwnLoop && $0.isOnItsLoop }
            guard case .wait = route else { return route }
            guard machine.waitingCount + calls.count <= limit else { return .fail(.tooManyCommands(limit)) }
            for call in calls { machine.wait(call) }
            return route
        }
        if case .wait = route { watchDeadline(of: calls) }
        return route
    }

    /// No connection looks at the deadlines of those that wait for one.
    private func watchDeadline(of calls: some Collection<RedisCall>) {
        guard let earliest = calls.lazy.map(\.deadline).min() else { return }
        let calls = Array(calls)
        let time = context.time
        // A timer of the loop's is never early, but it runs by another clock.
        let delay = max(.zero, earliest - time.now) + .milliseconds(1)
        connector.group.next().scheduleTask(in: TimeAmount(delay.duration)) {
            for call in calls where call.isUnwritten { call.expire(at: time.now) }
        }
    }

    private func fail(_ calls: some Collection<RedisCall>, _ error: RedisError) {
        for call in calls { call.fail { error.with(effect: $0) } }
    }
}
