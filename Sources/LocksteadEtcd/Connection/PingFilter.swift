import NIOCore

/// Cuts the bytes a server sends into HTTP/2 frames, and takes out the pings that want an answer.
///
/// etcd is built on grpc-go, which sends a ping with nearly every frame of data to measure the bandwidth; swift-nio-http2 counts pings
/// as a flood and ends the connection after 200 in 30 s. They are answered before they are counted. A real flood still ends the
/// connection: beyond ``burst`` pings in a second they are handed on, to be counted.
struct PingFilter {
    /// What came of a piece of what was received.
    struct Output: Equatable {
        /// What is handed on.
        var rest: ByteBuffer
        /// What the pings carried, which their answers carry back.
        var pings: [UInt64] = []
    }

    /// More pings in a second than a busy connection brings.
    static let burst = 2_000
    private static let headerLength = 9
    private static let pingLength = 8

    /// The beginning of a frame whose header, or whose ping, has not come whole.
    private var held = ByteBuffer()
    /// Bytes of the present frame that are still to be handed on.
    private var passing = 0
    private var second = NIODeadline.uptimeNanoseconds(0)
    private var pingsInSecond = 0

    /// Takes what was received at a time, and says what is handed on and what is answered.
    mutating func receive(_ bytes: ByteBuffer, at now: NIODeadline) -> Output {
        var (input, bytes) = (held, bytes)
        input.writeBuffer(&bytes)
        var output = Output(rest: ByteBuffer())
        output.rest.reserveCapacity(input.readableBytes)
        while step(&input, &output, now) {}
        // A copy: what was handed on must not stay in memory with it.
        held = input.readableBytes == 0 ? ByteBuffer() : ByteBuffer(bytes: input.readableBytesView)
        return output
    }

    /// Takes one frame's next piece; false where more has to come first.
    private mutating func step(_ input: inout ByteBuffer, _ output: inout Output, _ now: NIODeadline) -> Bool {
        if passing > 0 {
            guard var part = input.readSlice(length: min(passing, input.readableBytes)), part.readableBytes > 0 else {
                return false
            }
            passing -= part.readableBytes
            output.rest.writeBuffer(&part)
            return true
        }
        guard let header = FrameHeader(input) else { return false }
        guard header.isPingToAnswer, admits(now) else {
            passing = Self.headerLength + header.length
            return true
        }
        return takePing(&input, &output)
    }

    private mutating func takePing(_ input: inout ByteBuffer, _ output: inout Output) -> Bool {
        guard
            let payload = input.getInteger(at: input.readerIndex + Self.headerLength, as: UInt64.self),
            input.readableBytes >= Self.headerLength + Self.pingLength
        else { return false }
        input.moveReaderIndex(forwardBy: Self.headerLength + Self.pingLength)
        pingsInSecond += 1
        output.pings.append(payload)
        return true
    }

    /// Whether a ping is still one of a busy connection's.
    private mutating func admits(_ now: NIODeadline) -> Bool {
        if now - second > .seconds(1) { (second, pingsInSecond) = (now, 0) }
        return pingsInSecond < Self.burst
    }

    /// The nine bytes before every frame's content.
    private struct FrameHeader {
        let length: Int
        let isPingToAnswer: Bool

        init?(_ bytes: ByteBuffer) {
            let start = bytes.readerIndex
            guard bytes.readableBytes >= PingFilter.headerLength,
                let sizeAndType = bytes.getInteger(at: start, as: UInt32.self),
                let flags = bytes.getInteger(at: start + 4, as: UInt8.self),
                let stream = bytes.getInteger(at: start + 5, as: UInt32.self)
            else { return nil }
            length = Int(sizeAndType >> 8)
            isPingToAnswer =
                sizeAndType & 0xFF == 6 && length == PingFilter.pingLength && flags & 1 == 0
                && stream & 0x7FFF_FFFF == 0
        }
    }
}
