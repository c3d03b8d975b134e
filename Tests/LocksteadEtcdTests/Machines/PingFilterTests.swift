import NIOCore
import Testing

@testable import LocksteadEtcd

@Suite("Pings of members")
struct PingFilterTests {
    private static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        let head = [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
        return head + (0..<4).map { UInt8(stream >> (24 - 8 * $0) & 255) } + payload
    }

    private static let ping = frame(6, [1, 2, 3, 4, 5, 6, 7, 8])
    private static let data = frame(0, stream: 3, Array(repeating: 9, count: 300))
    private static let acknowledged = frame(6, flags: 1, [8, 7, 6, 5, 4, 3, 2, 1])

    /// What comes of bytes that arrive in pieces of a size.
    private static func run(_ bytes: [UInt8], piece: Int) -> (rest: [UInt8], pings: [UInt64]) {
        var (filter, rest, pings) = (PingFilter(), [UInt8](), [UInt64]())
        for start in stride(from: 0, to: bytes.count, by: piece) {
            let part = ByteBuffer(bytes: bytes[start..<min(start + piece, bytes.count)])
            let output = filter.receive(part, at: .uptimeNanoseconds(5))
            rest += Array(output.rest.readableBytesView)
            pings += output.pings
        }
        return (rest, pings)
    }

    @Test(
        "Pings are taken out and answered, everything else is handed on as it came, wherever it is cut",
        arguments: 1...40)
    func cuts(piece: Int) {
        let bytes = Self.data + Self.ping + Self.acknowledged + Self.ping + Self.frame(4, []) + Self.data
        let (rest, pings) = Self.run(bytes, piece: piece)
        #expect(rest == Self.data + Self.acknowledged + Self.frame(4, []) + Self.data)
        #expect(pings == [0x0102_0304_0506_0708, 0x0102_0304_0506_0708])
    }

    @Test("Pings that break the protocol are handed on, for whoever judges that")
    func malformed() {
        for odd in [Self.frame(6, [1, 2, 3]), Self.frame(6, stream: 1, [1, 2, 3, 4, 5, 6, 7, 8])] {
            let (rest, pings) = Self.run(odd, piece: 64)
            #expect(rest == odd && pings.isEmpty)
        }
    }

    @Test("A flood is handed on to be counted, and the next second begins anew")
    func flood() {
        var filter = PingFilter()
        let burst = ByteBuffer(bytes: (0..<PingFilter.burst + 3).flatMap { _ in Self.ping })
        let first = filter.receive(burst, at: .uptimeNanoseconds(2_000_000_000))
        #expect(first.pings.count == PingFilter.burst && first.rest.readableBytes == 3 * Self.ping.count)
        let later = filter.receive(ByteBuffer(bytes: Self.ping), at: .uptimeNanoseconds(4_000_000_000))
        #expect(later.pings.count == 1 && later.rest.readableBytes == 0)
    }
}
