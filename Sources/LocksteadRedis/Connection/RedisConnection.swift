import Lockstead
import NIOCore

/// One logged-in connection for commands, usable from any task.
package final class RedisConnection: Sendable {
    /// What the server said of itself.
    package let greeting: RedisGreeting
    private let channel: any Channel
    private let queue: CallQueue
    private let session: NIOLoopBound<CommandSession>

    init(_ open: OpenChannel<CommandSession>, queue: CallQueue) {
        (greeting, channel, session) = (open.greeting, open.channel, open.session)
        self.queue = queue
    }

    /// Whether this is its event loop: what is handed over here needs no other thread.
    var isOnItsLoop: Bool { channel.eventLoop.inEventLoop }

    /// Hands calls over; they are written together, once for each turn of the event loop.
    func submit(_ calls: some Collection<RedisCall>) -> CallQueue.Admission {
        queue.submit(calls) {
            channel.eventLoop.execute { [session] in session.value.flush() }
        }
    }

    /// Ends the connection at once: whoever awaits an answer is told that it was lost.
    func abandon(_ cause: RedisError) {
        channel.eventLoop.execute { [session] in session.value.abandon(cause) }
    }

    /// Waits for the end of the connection; a cancelled wait ends it, once what is under way is done or `grace` is over.
    func waitUntilClosed(grace: @Sendable () -> Duration) async {
        await withTaskCancellationHandler {
            // How it ended, the session knows.
            _ = try? await channel.closeFuture.get()
        } onCancel: {
            channel.eventLoop.execute { [session] in session.value.drain() }
            channel.eventLoop.scheduleTask(in: TimeAmount(grace())) { [session] in session.value.abandon() }
        }
    }
}
