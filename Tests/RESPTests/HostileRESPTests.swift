import RESP
import SeededRandom
import Testing

@Suite("Hostile RESP")
struct HostileRESPTests {
    @Test(
        "What is no RESP is refused, and the parser refuses all that follows",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n", "\u{15}\u{03}", "\r\n", ":\r\n", ":-\r\n", ":1a\r\n",
            ":9223372036854775808\r\n",
            "$-2\r\n", "$abc\r\n", "*-2\r\n", "%-1\r\n", "~-1\r\n", ">-1\r\n", "!-1\r\n", "=-1\r\n", "$3\r\nabcd\r\n",
            "$1\r\na\rb", "+a\rb", "+a\n", "#x\r\n", "#\r\n", "_x\r\n", ",\r\n", ",0x10\r\n", ",nan(1)\r\n", "(\r\n",
            "(-\r\n",
            "(1.5\r\n", "=3\r\ntxt\r\n", "=4\r\ntxt;\r\n", "*1\r\n>1\r\n:1\r\n", "%1\r\n>0\r\n", "*?\r\n", "$?\r\n",
        ])
    func malformed(text: String) {
        for pieces in [[Array(text.utf8)], text.utf8.map { [$0] }] {
            var parser = RESPParser()
            let error = #expect(throws: RESPParsingError.self) {
                for piece in pieces { try parser.parse(piece.span) { _ in } }
            }
            #expect(error?.kind == .malformed)
            #expect(throws: RESPParsingError.self) { try parser.parse(Array("+OK\r\n".utf8).span) { _ in } }
        }
    }

    static let tight = RESPLimits(lineBytes: 16, replyBytes: 4096, depth: 4)

    @Test(
        "What exceeds the limits is refused when it is announced",
        arguments: [
            "$4097\r\n", "$9223372036854775807\r\n", "*9223372036854775807\r\n", "%9223372036854775807\r\n",
            "*1000\r\n",
            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
            "|1\r\n:1\r\n:1\r\n|1\r\n:1\r\n:1\r\n|1\r\n:1\r\n:1\r\n|1\r\n:1\r\n:1\r\n|1\r\n",
            "+12345678901234567", ":12345678901234567",
        ])
    func tooLarge(text: String) {
        let error = #expect(throws: RESPParsingError.self) {
            _ = try parse([Array(text.utf8)], limits: Self.tight)
        }
        #expect(error?.kind == .tooLarge)
    }

    @Test("Many small values in one reply are too much, too; many replies are not")
    func endless() throws {
        let element = Array("$10\r\n0123456789\r\n".utf8)
        #expect(throws: RESPParsingError.self) {
            var parser = RESPParser(limits: Self.tight)
            try parser.parse(Array("*170\r\n".utf8).span) { _ in }
            for _ in 0..<170 { try parser.parse(element.span) { _ in } }
        }
        var count = 0
        var parser = RESPParser(limits: Self.tight)
        for _ in 0..<10_000 { try parser.parse(element.span) { _ in count += 1 } }
        #expect(count == 10_000)
    }

    @Test("Announcing a lot and sending nothing costs nothing")
    func announcing() throws {
        var parser = RESPParser(limits: RESPLimits(lineBytes: 64, replyBytes: .max, depth: 32))
        try parser.parse(Array("*100000000000\r\n$100000000000000\r\n".utf8).span) { _ in }
        #expect(parser.isWithinValue)
    }

    @Test("Random bytes end in an error or in values, never in a trap, however they are cut", arguments: 0..<8)
    func random(seed: UInt64) {
        var draws = SeededGenerator(seed: seed)
        let alphabet = Array("+-:$*_,#!=(%~|>0123456789tfinae.\r\n\r\n\r\n".utf8)
        for _ in 0..<2_000 {
            let bytes = (0..<60).map { _ in alphabet[Int(draws.next() % UInt64(alphabet.count))] }
            #expect(outcome([bytes]) == outcome(bytes.map { [$0] }), "seed \(seed)")
        }
    }

    /// Compared as text, since a `nan` equals nothing.
    private func outcome(_ pieces: [[UInt8]]) -> String {
        var parser = RESPParser(limits: Self.tight)
        var log = ""
        do {
            for piece in pieces { try parser.parse(piece.span) { log += "\($0);" } }
        } catch {
            log += "\(error)"
        }
        return log
    }
}
