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

    /// Whether another server has taken the place of the one that commands go to, at a moment or since; what the earlier one answered by
    /// then is confirmed by nobody.
    func wasReplaced(since moment: ContinuousTime) -> Bool

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

    /// Sends a command for which no task waits.
    ///
    /// - Parameters:
    ///   - command: What to send.
    ///   - deadline: As of ``send(_:deadline:)``.
    ///   - then: Called once with what came of it, by an event loop that it must not keep, or before this returns.
    func begin(
        _ command: RedisCommand, deadline: ContinuousTime?,
        then: @escaping @Sendable (Result<RESPValue, RedisError>) -> Void)

    /// Has a hearer told of a channel from now until its hearing is cancelled or dropped.
    ///
    /// Never fails by itself: connections lost are made anew, and the events say so.
    func hear(_ channel: RedisChannel, _ hearer: @escaping RedisHearer) -> RedisHearing

    /// How much is taken and kept.
    var limits: RedisConfiguration.Limits { get }

    /// The servers that together hold all keys: whoever walks through the keys asks each by itself.
    ///
    /// - Throws: `RedisError` where they cannot be found out.
    func primaries(deadline: ContinuousTime?) async throws(RedisError) -> [any RedisClient]

    /// Why it may be talking to other servers than everybody else does; `nil` where nothing speaks for that.
    ///
    /// What such a server confirms is worth nothing.
    var doubt: String? { get }

    /// Waits until it is certain that the servers were the right ones at a moment; false where that cannot be said by the deadline.
    func confirms(since moment: ContinuousTime, until deadline: ContinuousTime) async -> Bool

    /// What there is to say of how the servers stand to each other, beside what each says of itself.
    func findings() -> [ServerFinding]

    /// Tells each time that other servers took over, or may have, and why it is thought so; one task reads it.
    ///
    /// The loss of a connection is not among it: that is an event of what is heard.
    var upheavals: AsyncStream<String> { get }
}

extension RedisClient {
    package func primaries(deadline: ContinuousTime?) async throws(RedisError) -> [any RedisClient] { [self] }

    package var doubt: String? { nil }

    package func wasReplaced(since moment: ContinuousTime) -> Bool { false }

    package func findings() -> [ServerFinding] { [] }

    package func confirms(since moment: ContinuousTime, until deadline: ContinuousTime) async -> Bool { true }

    package var upheavals: AsyncStream<String> { AsyncStream { $0.finish() } }

    package func send(_ command: RedisCommand) async throws(RedisError) -> RESPValue {
        try await send(command, deadline: nil)
    }

    package func run(_ call: RedisScriptCall) async throws(RedisError) -> RESPValue {
        try await run(call, deadline: nil)
    }
}
