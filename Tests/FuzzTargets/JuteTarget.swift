import Jute

/// A ZooKeeper server's bytes: refused or read, the same however they are cut, and never at the price of more memory than was sent.
enum JuteTarget {
    /// What answers are read as, in turns.
    private static let operations: [ZKOperation] = [
        .getChildren(path: "/", watch: false), .multi([]), .getData(path: "/", watch: false),
        .create(path: "/", data: [], access: [], kind: .persistent), .exists(path: "/", watch: false), .sync(path: "/"),
    ]

    private struct Outcome: Equatable {
        var messages: [ZKMessage] = []
        var results: [ZKResult] = []
        var refused = 0
        var error: JuteError?
    }

    static func feed(_ bytes: [UInt8]) {
        let whole = outcome([bytes[...]])
        if outcome(bytes.indices.map { bytes[$0...$0] }) != whole { broken("bytes one by one are read as all at once") }
        if let first = bytes.first {
            let cut = Int(first) * bytes.count / 256
            if outcome([bytes[..<cut], bytes[cut...]]) != whole { broken("bytes in two pieces are read as one") }
        }
        for case .children(let children, _) in whole.results where children.count > bytes.count / 4 {
            broken("each child was sent")
        }
        // The first frame of a connection is read by itself.
        _ = try? ZKConnectResponse(bytes[...])
    }

    private static func outcome(_ pieces: [ArraySlice<UInt8>]) -> Outcome {
        var (splitter, outcome) = (FrameSplitter(limit: 4_096), Outcome())
        do throws(JuteError) {
            for piece in pieces { try splitter.take(piece) { read($0, into: &outcome) } }
        } catch { outcome.error = error }
        return outcome
    }

    private static func read(_ frame: ArraySlice<UInt8>, into outcome: inout Outcome) {
        do throws(JuteError) {
            let message = try ZKMessage(frame)
            outcome.messages.append(message)
            guard case .reply(let xid, _, _, let body) = message else { return }
            var reader = JuteReader(body)
            outcome.results.append(try ZKResult(of: operations[Int(UInt32(bitPattern: xid) % 6)], &reader))
        } catch { outcome.refused += 1 }
    }

    static var seeds: [[UInt8]] {
        [
            reply(0) { writer in
                writer.texts(["_c_a-lock-0000000001", "b"])
                stat(&writer)
            },
            reply(1) { writer in
                part(15, 0, &writer)
                writer.text("/a/_c_a-lock-0000000001")
                stat(&writer)
                part(13, 0, &writer)
                part(5, 0, &writer)
                stat(&writer)
                end(&writer)
            },
            reply(1) { writer in
                for error: Int32 in [0, -101, -2] {
                    part(-1, error, &writer)
                    writer.int(error)
                }
                end(&writer)
            },
            reply(2) { writer in
                writer.buffer(Array("lockstead:1 x p".utf8))
                stat(&writer)
            },
            reply(3) { writer in
                writer.text("/a")
                stat(&writer)
            },
            reply(4) { stat(&$0) } + reply(5) { _ in },
            reply(-1) { writer in
                writer.int(2)
                writer.int(3)
                writer.text("/a/b")
            } + reply(-2) { _ in },
        ]
    }

    private static func reply(_ xid: Int32, _ body: (inout JuteWriter) -> Void) -> [UInt8] {
        var writer = JuteWriter()
        writer.int(xid)
        writer.long(7)
        writer.int(0)
        body(&writer)
        return writer.frame
    }

    private static func part(_ type: Int32, _ error: Int32, _ writer: inout JuteWriter) {
        writer.int(type)
        writer.boolean(false)
        writer.int(error)
    }

    private static func end(_ writer: inout JuteWriter) {
        writer.int(-1)
        writer.boolean(true)
        writer.int(-1)
    }

    private static func stat(_ writer: inout JuteWriter) {
        for value: Int64 in [1, 2, 3, 4] { writer.long(value) }
        for value: Int32 in [1, 2, 3] { writer.int(value) }
        writer.long(9)
        for value: Int32 in [5, 6] { writer.int(value) }
        writer.long(8)
    }
}
