import NIOCore
import NIOHTTP2

/// Stands before a connection's HTTP/2 handler and answers what ``PingFilter`` takes out.
final class PingResponder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var filter = PingFilter()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let output = filter.receive(unwrapInboundIn(data), at: .now())
        for payload in output.pings { context.write(wrapOutboundOut(Self.answer(to: payload)), promise: nil) }
        if !output.pings.isEmpty { context.flush() }
        if output.rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(output.rest)) }
    }

    /// A ping's frame with the flag of an answer.
    private static func answer(to payload: UInt64) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.writeInteger(UInt32(8 << 8 | 6))
        frame.writeInteger(UInt8(1))
        frame.writeInteger(UInt32(0))
        frame.writeInteger(payload)
        return frame
    }

    /// Puts one into a connection that has just been made.
    @Sendable static func install(in channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            let handler = try pipeline.handler(type: NIOHTTP2Handler.self)
            try pipeline.addHandler(PingResponder(), position: .before(handler))
        }
    }
}
