import NIOCore
import NIOPosix
import Synchronization

@testable import LocksteadRedis

/// A server that answers as it is told, well or badly.
final class FakeServer: Sendable {
    /// Says what to do with a connection, given all that came over it since the last time.
    typealias Script = @Sendable (any Channel, String) -> Void

    let port: Int
    private let channel: any Channel

    init(_ script: @escaping Script) async throws {
        let counted = Counter()
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    counted.increment()
                    try channel.pipeline.syncOperations.addHandler(Ears(script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        counter = counted
    }

    private let counter: Counter

    /// How many connections have been made to it.
    var accepted: Int { counter.value }

    var configuration: RedisConfiguration {
        var configuration = RedisConfiguration(endpoints: [.host("127.0.0.1", port: port)])
        configuration.connectionsPerNode = 1
        return configuration
    }

    func close() async throws { try await channel.close() }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        func increment() { count.withLock { $0 += 1 } }
        var value: Int { count.withLock { $0 } }
    }

    private final class Ears: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let script: Script

        init(_ script: @escaping Script) { self.script = script }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            script(context.channel, String(buffer: unwrapInboundIn(data)))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

extension Channel {
    func say(_ text: String) { writeAndFlush(ByteBuffer(string: text), promise: nil) }
}

/// A good answer to HELLO.
let greetingText = "%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n$5\r\nproto\r\n:3\r\n"
