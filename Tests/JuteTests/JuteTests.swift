import Jute
import SeededRandom
import Testing

@Suite("ZooKeeper's frames")
struct JuteTests {
    /// As a server sends them: an answer with children and one with data, an event, and an answer without a body.
    static let frames: [[UInt8]] = [
        reply(xid: 1) { writer in
            writer.texts(["_c_a-lock-0000000001", "ä/ö", ""])
            stat(&writer)
        },
        reply(xid: 2) { writer in
            writer.buffer([0, 255, 10])
            stat(&writer)
        },
        event(kind: 2, path: "/a/b"), reply(xid: 3) { _ in },
    ]

    static func reply(xid: Int32, error: Int32 = 0, _ body: (inout JuteWriter) -> Void) -> [UInt8] {
        var writer = JuteWriter()
        writer.int(xid)
        writer.long(77)
        writer.int(error)
        body(&writer)
        return writer.frame
    }

    static func event(kind: Int32, path: String) -> [UInt8] {
        reply(xid: -1) { writer in
            writer.int(kind)
            writer.int(3)
            writer.text(path)
        }
    }

    static func stat(_ writer: inout JuteWriter) {
        for value: Int64 in [11, 12, 13, 14] { writer.long(value) }
        for value: Int32 in [1, 2, 3] { writer.int(value) }
        writer.long(99)
        for value: Int32 in [5, 6] { writer.int(value) }
        writer.long(15)
    }

    @Test("However a stream is cut, the same frames come out")
    func splitAnywhere() throws {
        let stream = Self.frames.flatMap { $0 }
        for cut in 0...stream.count {
            var (splitter, found) = (FrameSplitter(), [[UInt8]]())
            try splitter.take(stream[..<cut]) { found.append(Array($0)) }
            try splitter.take(stream[cut...]) { found.append(Array($0)) }
            #expect(found == Self.frames.map { Array($0.dropFirst(4)) }, "cut at \(cut)")
        }
        var (splitter, found) = (FrameSplitter(), [[UInt8]]())
        for byte in stream { try splitter.take([byte]) { found.append(Array($0)) } }
        #expect(found.count == Self.frames.count)
    }

    @Test("A length below nothing or beyond the limit is refused at once, and all that follows")
    func hostileLengths() {
        for length: [UInt8] in [[255, 255, 255, 255], [0x7F, 255, 255, 255], [0, 0, 1, 1]] {
            var splitter = FrameSplitter(limit: 256)
            #expect(throws: JuteError.self) { try splitter.take(length) { _ in } }
            #expect(throws: JuteError.self) { try splitter.take(Self.frames[0]) { _ in } }
        }
    }

    @Test("Answers and events are read as they were written")
    func reading() throws {
        guard case .reply(let xid, let seen, let error, let body) = try ZKMessage(Self.frames[0].dropFirst(4)) else {
            Issue.record("no reply")
            return
        }
        #expect(xid == 1 && seen == 77 && error == .fine)
        var reader = JuteReader(body)
        let result = try ZKResult(of: .getChildren(path: "/", watch: false), &reader)
        guard case .children(let children, let stat) = result else {
            Issue.record("no children")
            return
        }
        #expect(children == ["_c_a-lock-0000000001", "ä/ö", ""])
        #expect(stat.created == 11 && stat.modified == 12 && stat.createdAt == 13 && stat.modifiedAt == 14)
        #expect(stat.version == 1 && stat.childVersion == 2 && stat.owner == 99 && stat.childCount == 6)
        guard case .event(let event) = try ZKMessage(Self.frames[2].dropFirst(4)) else {
            Issue.record("no event")
            return
        }
        #expect(event.kind == .deleted && event.path == "/a/b")
    }

    @Test("A transaction's answer tells part by part, whether it was carried out or not")
    func transactions() throws {
        let failed = Self.parts([(-1, 0), (-1, -101), (-1, -2)])
        var reader = JuteReader(failed)
        let result = try ZKResult(of: .multi([]), &reader)
        #expect(result == .parts([.failed(.fine), .failed(.noNode), .failed(.rolledBack)]))
    }

    private static func parts(_ parts: [(type: Int32, error: Int32)]) -> [UInt8] {
        var writer = JuteWriter()
        for (type, error) in parts {
            writer.int(type)
            writer.boolean(false)
            writer.int(error)
            writer.int(error)
        }
        writer.int(-1)
        writer.boolean(true)
        writer.int(-1)
        return Array(writer.frame.dropFirst(4))
    }

    @Test("Announcing a lot and sending nothing costs nothing", arguments: [Int32.max, 1_000_000, -2])
    func hostileCounts(count: Int32) {
        var writer = JuteWriter()
        writer.int(count)
        var reader = JuteReader(Array(writer.frame.dropFirst(4)))
        #expect(throws: JuteError.self) { try reader.texts() }
        var other = JuteReader(Array(writer.frame.dropFirst(4)))
        #expect(throws: JuteError.self) { try other.buffer() }
    }

    @Test("Bytes by chance, and answers with some of them changed, are read or refused", arguments: [UInt64(1), 2, 3])
    func noise(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let operations: [ZKOperation] = [
            .getChildren(path: "/", watch: false), .getData(path: "/", watch: false), .exists(path: "/", watch: false),
            .multi([]), .create(path: "/", data: [], access: [], kind: .persistent), .sync(path: "/"),
        ]
        for _ in 0..<20_000 {
            var bytes = Array(Self.frames.randomElement(using: &random)?.dropFirst(4) ?? [])
            for _ in 0..<Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
            guard case .reply(_, _, _, let body) = try? ZKMessage(bytes[...]) else { continue }
            for operation in operations {
                var reader = JuteReader(body)
                _ = try? ZKResult(of: operation, &reader)
            }
        }
    }

    @Test("Requests are what the protocol says, byte for byte")
    func requests() {
        let check = ZKOperation.check(path: "/a", version: -1).frame(xid: 5)
        #expect(check == [0, 0, 0, 18, 0, 0, 0, 5, 0, 0, 0, 13, 0, 0, 0, 2, 47, 97, 255, 255, 255, 255])
        #expect(ZKSpecialFrame.ping == [0, 0, 0, 8, 255, 255, 255, 254, 0, 0, 0, 11])
        let multi = ZKOperation.multi([.delete(path: "/")]).frame(xid: 1)
        #expect(
            multi == [
                0, 0, 0, 35, 0, 0, 0, 1, 0, 0, 0, 14, 0, 0, 0, 2, 0, 255, 255, 255, 255, 0, 0, 0, 1, 47, 255, 255, 255,
                255, 255, 255, 255, 255, 1, 255, 255, 255, 255,
            ])
    }
}
