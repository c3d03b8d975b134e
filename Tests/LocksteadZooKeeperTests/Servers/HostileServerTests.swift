import FakeServers
import Jute
import Lockstead
import NIOCore
import Synchronization
import Testing

@testable import LocksteadZooKeeper

@Suite("Servers that answer badly in ZooKeeper's place", .timeLimit(.minutes(2)))
struct HostileServerTests {
    /// What such a server says.
    enum Answer: String, Sendable, CaseIterable {
        case endlessFrame, negativeFrame, longestFrame, otherRequest, noHeader, countWithoutEnd, textWithoutEnd,
            halfFrame, text
        case otherKind, hangsUp

        /// Its bytes, given the number of the request.
        func bytes(to xid: Int32) -> [UInt8] {
            switch self {
            case .endlessFrame: [0x7F, 0xFF, 0xFF, 0xFF]
            case .negativeFrame: [0xFF, 0xFF, 0xFF, 0xFE, 0, 0]
            case .longestFrame: [0, 0x80, 0, 0] + [UInt8](repeating: 0, count: 8 << 20)
            case .otherRequest: Self.frame(xid &+ 1_000) { _ in }
            case .noHeader: [0, 0, 0, 3, 1, 2, 3]
            case .countWithoutEnd: Self.frame(xid) { $0.int(.max) }
            case .textWithoutEnd:
                Self.frame(xid) { writer in
                    writer.int(1)
                    writer.int(1_000_000_000)
                }
            case .halfFrame: [0, 0, 1, 0, 1, 2, 3]
            case .text: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
            case .otherKind: Self.frame(xid) { $0.boolean(true) }
            case .hangsUp: []
            }
        }

        private static func frame(_ xid: Int32, _ body: (inout JuteWriter) -> Void) -> [UInt8] {
            var writer = JuteWriter()
            writer.int(xid)
            writer.long(77)
            writer.int(0)
            body(&writer)
            return writer.frame
        }
    }

    private static let greeting: [UInt8] = {
        var writer = JuteWriter()
        writer.int(0)
        writer.int(10_000)
        writer.long(0x1234)
        writer.buffer([UInt8](repeating: 7, count: 16))
        writer.boolean(false)
        return writer.frame
    }()

    /// Tells each request's number and kind; a greeting has none, and begins with the version of the protocol, which is 0.
    private static func requests(in bytes: ByteBuffer) -> [(xid: Int32, opcode: Int32)] {
        var (bytes, found) = (bytes, [(xid: Int32, opcode: Int32)]())
        while let length = bytes.readInteger(as: Int32.self), var frame = bytes.readSlice(length: Int(length)) {
            found.append((frame.readInteger() ?? 0, frame.readInteger() ?? 0))
        }
        return found
    }

    /// Greets well and answers all else in one way.
    private static func server(_ answer: Answer) async throws -> FakeServer {
        try await FakeServer.ofBytes { channel, bytes in
            for request in requests(in: bytes) {
                channel.tell(request.xid == 0 ? greeting : answer.bytes(to: request.xid))
                if request.xid != 0, answer == .hangsUp { channel.close(promise: nil) }
            }
        }
    }

    @Test(
        "What is no answer ends in an error within its time, and never in a trap or in an answer",
        arguments: Answer.allCases)
    func hostile(answer: Answer) async throws {
        let server = try await Self.server(answer)
        try await ZooKeeperFixture.with([ZooKeeperEndpoint("127.0.0.1", port: server.port)]) { fixture in
            let start = fixture.time.now
            let error = await #expect(throws: LockError.self) {
                _ = try await fixture.backend.inspect(
                    try LockName("a"), deadline: start.advanced(by: .milliseconds(800)))
            }
            #expect(error?.code == .engineUnavailable && error?.effect == .didNotHappen, "\(String(describing: error))")
            let told = (error?.cause as? ZooKeeperError)?.code
            // Only what may still become an answer is waited for.
            #expect((told == .deadlineExceeded) == (answer == .halfFrame), "\(String(describing: error))")
            #expect(start.duration(to: fixture.time.now) < .seconds(3))
            guard answer != .halfFrame else { return }
            try await fixture.waitUntil("the connection is not used again") { server.accepted > 1 }
        }
        try await server.close()
    }

    @Test(
        "A greeting that is none ends an attempt with an error, and nothing waits for ever", arguments: Answer.allCases)
    func hostileGreeting(answer: Answer) async throws {
        let server = try await FakeServer.ofBytes { channel, _ in
            channel.tell(answer.bytes(to: 1))
            if answer == .hangsUp { channel.close(promise: nil) }
        }
        try await ZooKeeperFixture.with([ZooKeeperEndpoint("127.0.0.1", port: server.port)]) { fixture in
            let start = fixture.time.now
            let error = await #expect(throws: LockError.self) {
                _ = try await fixture.grant(
                    try fixture.request("a", wait: .until(start.advanced(by: .milliseconds(500)))))
            }
            #expect(error?.code == .engineUnavailable && error?.effect == .didNotHappen, "\(String(describing: error))")
            #expect(start.duration(to: fixture.time.now) < .seconds(6))
        }
        try await server.close()
    }

    @Test("Answers that drip in, byte by byte, are whole in the end")
    func drip() async throws {
        let pace = Atomic<Int64>(0)
        let server = try await FakeServer.ofBytes { channel, bytes in
            for request in Self.requests(in: bytes) {
                guard request.xid != 0 else { channel.tell(Self.greeting); continue }
                for byte in Self.goodAnswer(to: request) {
                    let place = pace.wrappingAdd(1, ordering: .relaxed).newValue
                    channel.eventLoop.scheduleTask(in: .milliseconds(place * 5)) { channel.tell([byte]) }
                }
            }
        }
        try await ZooKeeperFixture.with([ZooKeeperEndpoint("127.0.0.1", port: server.port)]) { fixture in
            let found = try await fixture.backend.inspect(try LockName("a"), deadline: fixture.soon)
            #expect(found == nil)
        }
        try await server.close()
    }

    /// That it has caught up, or that there is no such node.
    private static func goodAnswer(to request: (xid: Int32, opcode: Int32)) -> [UInt8] {
        let isSync = request.opcode == 9
        var writer = JuteWriter()
        writer.int(request.xid)
        writer.long(77)
        writer.int(isSync ? 0 : -101)
        if isSync { writer.text("/") }
        return writer.frame
    }
}

extension Channel {
    fileprivate func tell(_ bytes: [UInt8]) { writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
}
