package import Lockstead
import RESP
import Synchronization

extension RedisBackend {
    /// What happens from now on: whatever this client reads after it is read after the watch has begun.
    ///
    /// Where the connection is lost the stream ends with `engineUnavailable`, since changes may be missing; where there is none to
    /// begin with, with the reason.
    package func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: LockChange.self, bufferingPolicy: .bufferingOldest(Watch.mostUnread))
        let base = "lockstead:events:\(engine.configuration.database):"
        let listening = WatchListening(client.subscribe(to: Self.events(base + naming.prefix + prefix)))
        let watch = Watch(
            prefix: prefix, channelBase: base, listening: listening, stream: continuation, begun: watches.begin())
        let farewell = life.atEnd {
            listening.cancel()
            continuation.finish()
        }
        continuation.onTermination = { [life] _ in
            listening.cancel()
            life.forgetFarewell(farewell)
        }
        life.add { [self] in await follow(watch) }
        return stream
    }

    /// Returns when all watches have begun that were asked for before, so that a reading after a watch misses nothing between.
    func watchesBegun(until deadline: ContinuousTime) async {
        await watches.allBegun(until: min(deadline, time.now.advanced(by: .seconds(1))), on: time)
    }

    private static func events(_ start: String) -> RedisChannel { .pattern(start.globEscaped + "*") }

    /// All events under the engine's prefix: the one pattern that an ACL can name, since it compares patterns as they are written.
    func allEvents(_ watch: Watch) -> RedisSubscription? {
        let wide = Self.events(watch.channelBase + naming.prefix)
        return wide == watch.listening.channel ? nil : client.subscribe(to: wide)
    }

    private func follow(_ watch: Watch) async {
        defer { watches.ended(watch.begun) }
        // The subscription waits for a server as long as it takes; whoever watches must hear that there is none.
        do throws(RedisError) {
            _ = try await client.send(RedisCommand("PING"))
        } catch {
            return watch.stream.finish(throwing: LockError(error))
        }
        await WatchFollower(backend: self, watch: watch).run()
    }
}

/// One reader of changes.
struct Watch: Sendable {
    /// So many changes wait for one reader at most: a busy server makes them in a second.
    static let mostUnread = 100_000

    let prefix: String
    let channelBase: String
    let listening: WatchListening
    let stream: AsyncThrowingStream<LockChange, any Error>.Continuation
    let begun: WatchBeginnings.Ticket
}

/// What a watch listens to, which may be exchanged for something wider.
final class WatchListening: Sendable {
    private let state: Mutex<(subscription: RedisSubscription, isCancelled: Bool)>

    init(_ subscription: RedisSubscription) { state = Mutex((subscription, false)) }

    var subscription: RedisSubscription { state.withLock { $0.subscription } }
    var channel: RedisChannel { subscription.channel }

    func exchange(for subscription: RedisSubscription) {
        let old = state.withLock { state in
            defer { state.subscription = subscription }
            return state.isCancelled ? subscription : state.subscription
        }
        old.cancel()
    }

    func cancel() {
        let subscription = state.withLock { state in
            state.isCancelled = true
            return state.subscription
        }
        subscription.cancel()
    }
}
