package import Lockstead
package import RESP

/// What carries commands to a server, or to the right one of several.
///
/// The engine is written against this alone: one node, a Sentinel's primary and a cluster all look like it. Calls are safe from any
/// task, and one made before ``run()`` waits for it within its deadline. Commands that one task sends one after the other arrive in that
/// order; those sent at the same time, in any.
package protocol RedisClient: Sendable {
    /// Commands of callers written to a server so far: what keeps connections open or logs them in is not among them.
    var commandsWritten: Int { get }

    /// Keeps the connections until the task is cancelled; then lets what is under way finish for a moment. Called once.
    func run() async

    /// Sends a command.
    ///
    /// A cancelled task gets `cancelled` at once; a command that was already written may still be carried out.
    ///
    /// - Parameters:
    ///   - command: What to send.
    ///   - deadline: When the answer is of no more use; `nil` for the configured time from now. A command not yet written by then is
    ///     not sent at all.
    /// - Returns: The answer, never an error.
    /// - Throws: `RedisError`, which says whether the server may have carried the command out.
    func send(_ command: RedisCommand, deadline: ContinuousTime?) async throws(RedisError) -> RESPValue

    /// Sends commands in one go, in order, on one connection; the server may serve others in between.
    ///
    /// - Parameters:
    ///   - commands: What to send.
    ///   - deadline: As of ``send(_:deadline:)``, for all of them.
    /// - Returns: One result for each, in the same order.
    func pipeline(_ commands: [RedisCommand], deadline: ContinuousTime?) async -> [Result<RESPValue, RedisError>]

    /// Listens to a channel from now until the subscription is cancelled or dropped.
    ///
    /// Never fails by itself: connections lost are made anew, and the events say so.
    func subscribe(to channel: RedisChannel) -> RedisSubscription
}

extension RedisClient {
    package func send(_ command: RedisCommand) async throws(RedisError) -> RESPValue {
        try await send(command, deadline: nil)
    }

    package func run(_ call: RedisScriptCall) async throws(RedisError) -> RESPValue {
        try await run(call, deadline: nil)
    }
}
