package import NIOCore
import NIOPosix
import Synchronization

/// A server that answers as it is told, well or badly.
package final class FakeServer: Sendable {
    /// Says what to do with a connection, given all that came over it since the last time.
    package typealias Script = @Sendable (any Channel, ByteBuffer) -> Void

    package let port: Int
    private let channel: any Channel
    private let counter: Counter

    private init(script: @escaping Script) async throws {
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

    /// One of a protocol that is text.
    package convenience init(_ script: @escaping @Sendable (any Channel, String) -> Void) async throws {
        try await self.init(script: { channel, bytes in script(channel, String(buffer: bytes)) })
    }

    /// One of a protocol that is not.
    package static func ofBytes(_ script: @escaping Script) async throws -> FakeServer {
        try await FakeServer(script: script)
    }

    /// How many connections have been made to it.
    package var accepted: Int { counter.value }

    package func close() async throws { try await channel.close() }

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
            script(context.channel, unwrapInboundIn(data))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

extension Channel {
    package func say(_ text: String) { writeAndFlush(ByteBuffer(string: text), promise: nil) }
}
