import Testing

@testable import FaultKit

struct KeepAliveFilterTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// The message of a sign of life for the lease 1 << 62.
    private static let keepAlive: [UInt8] =
        [0, 0, 0, 0, 10, 0x08] + Array(repeating: 0x80, count: 8) + [0x40]

    private static func frame(_ type: UInt8, stream: UInt8, _ content: [UInt8]) -> [UInt8] {
        [0, 0, UInt8(content.count), type, 0, 0, 0, 0, stream] + content
    }

    private static let headers = frame(1, stream: 5, [1, 2, 3])
    private static let data = frame(0, stream: 5, keepAlive)
    private static let end = frame(0, stream: 5, [])
    private static let reset = frame(3, stream: 5, [0, 0, 0, 8])
    /// A lease's grant: `08 05 10 …`, and a transaction.
    private static let grant = frame(0, stream: 7, [0, 0, 0, 0, 7, 0x08, 0x05, 0x10, 0x80, 0x80, 0x80, 0x40])
    private static let transaction = frame(
        0, stream: 9, [0, 0, 0, 0, 12] + [0x0A, 0x0A] + Array(repeating: 0x80, count: 10))

    @Test("Only the content of a sign of life's stream is kept back, wherever the stream of bytes is cut")
    func keeping() {
        let sent = Self.preface + Self.headers + Self.data + Self.grant + Self.end + Self.transaction + Self.reset
        let wanted = Self.preface + Self.headers + Self.grant + Self.transaction + Self.reset
        for cut in sent.indices {
            var filter = KeepAliveFilter()
            #expect(
                filter.pass(Array(sent[..<cut]), isOn: true) + filter.pass(Array(sent[cut...]), isOn: true) == wanted)
        }
    }

    @Test("Off, all passes; on, what began before is left alone")
    func off() {
        var filter = KeepAliveFilter()
        let before = Self.preface + Self.headers + Self.data
        #expect(filter.pass(before, isOn: false) == before)
        #expect(filter.pass(Self.end, isOn: true) == Self.end)
        #expect(filter.pass(Self.data, isOn: true).isEmpty)
    }

    @Test("Another protocol passes at once, whatever it looks like")
    func others() {
        var filter = KeepAliveFilter()
        #expect(filter.pass(Array("PING\r\n".utf8), isOn: true) == Array("PING\r\n".utf8))
        #expect(filter.pass(Self.data, isOn: true) == Self.data)
    }
}
