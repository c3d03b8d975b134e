import Jute
import NIOCore

/// What a connection brings; called on its event loop, in order.
protocol ZKConnectionListener: AnyObject, Sendable {
    func received(_ frames: [[UInt8]], on connection: ZKConnection)
    func closed(_ connection: ZKConnection, _ cause: (any Error)?)
}

/// Bytes to frames, and the end.
final class ZKChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: ZKConnection
    private let listener: any ZKConnectionListener
    private var splitter = FrameSplitter()
    private var cause: (any Error)?

    init(_ connection: ZKConnection, listener: any ZKConnectionListener) {
        (self.connection, self.listener) = (connection, listener)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        var frames: [[UInt8]] = []
        do throws(JuteError) {
            try splitter.take(buffer.readableBytesView) { frames.append(Array($0)) }
        } catch {
            cause = error
            context.close(promise: nil)
        }
        if !frames.isEmpty { listener.received(frames, on: connection) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        cause = cause ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.hasClosed()
        listener.closed(connection, cause)
        context.fireChannelInactive()
    }
}
