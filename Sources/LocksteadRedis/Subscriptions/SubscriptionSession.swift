import NIOCore
import RESP

/// A connection that listens.
///
/// Lives on its event loop.
final class SubscriptionSession: ChannelSession {
    private let hub: SubscriptionHub
    private var link: (any ChannelLink)?

    init(hub: SubscriptionHub) { self.hub = hub }

    var isOwed: Bool { hub.isOwed }

    func opened(_ link: any ChannelLink) {
        self.link = link
        let loop = link.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        hub.connected { loop.execute { bound.value.flush() } }
        flush()
    }

    private func flush() {
        // What cannot be written now is asked for once the channel takes bytes again.
        guard let link, link.isWritable else { return }
        send(hub.takeOutbox())
    }

    private func send(_ commands: [RedisCommand]) {
        guard let link, !commands.isEmpty else { return }
        var bytes = link.buffer(capacity: commands.reduce(0) { $0 + $1.body.count + 16 })
        for command in commands { bytes.write(command) }
        link.write(bytes)
    }

    func received(_ value: RESPValue) -> RedisError? { hub.received(value) }

    func readCompleted() { flush() }

    func writable() { flush() }

    func ping() {
        hub.wrotePing()
        send([RedisCommand("PING")])
    }

    func closed(_ cause: RedisError) {
        guard link != nil else { return }
        link = nil
        hub.lost()
    }
}
