import Lockstead
import NIOCore
import RESP

/// What a connection is used for once it is logged in.
///
/// Lives on its event loop.
protocol ChannelSession: AnyObject, SendableMetatype {
    /// Whether the server owes an answer.
    var isOwed: Bool { get }
    /// The log-in is done.
    func opened(_ link: any ChannelLink)
    /// A value came.
    ///
    /// - Returns: Why the connection cannot go on, or `nil`.
    func received(_ value: RESPValue) -> RedisError?
    /// All values of one piece of input were received.
    func readCompleted()
    /// The channel takes bytes again.
    func writable()
    /// Writes a PING.
    func ping()
    /// The channel is gone; nothing more will be called.
    func closed(_ cause: RedisError)
}

/// What a session may do with its channel.
///
/// Lives on its event loop.
protocol ChannelLink: AnyObject {
    var eventLoop: any EventLoop { get }
    var isWritable: Bool { get }
    /// Writes and flushes.
    func write(_ bytes: ByteBuffer)
    /// A buffer to write into.
    func buffer(capacity: Int) -> ByteBuffer
    /// Gives the channel up.
    func close(_ cause: RedisError)
}

extension ByteBuffer {
    /// Writes a command as it goes over the wire.
    mutating func write(_ command: RedisCommand) {
        writeInteger(UInt8(ascii: "*"))
        if command.argumentCount < 10 {
            writeInteger(UInt8(ascii: "0") + UInt8(command.argumentCount))
        } else {
            writeString(String(command.argumentCount))
        }
        writeInteger(0x0D0A as UInt16)
        writeBytes(command.body)
    }
}
