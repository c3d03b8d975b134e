import RESP
import Testing

@Suite("Parsing RESP")
struct RESPParserTests {
    static let samples: [(String, RESPValue)] = [
        ("+OK\r\n", .simpleString(Array("OK".utf8))), ("+\r\n", .simpleString([])),
        ("-ERR no\r\n", .error(RESPServerError(text: "ERR no"))),
        (":1000\r\n", .number(1000)), (":-9223372036854775808\r\n", .number(.min)), (":+7\r\n", .number(7)),
        ("$5\r\nhe\r\no\r\n", .blobString(Array("he\r\no".utf8))), ("$0\r\n\r\n", .blobString([])),
        ("$-1\r\n", .null), ("*-1\r\n", .null), ("_\r\n", .null),
        (",1.5\r\n", .double(1.5)), (",-inf\r\n", .double(-.infinity)), (",1e3\r\n", .double(1000)),
        ("#t\r\n", .boolean(true)), ("#f\r\n", .boolean(false)),
        ("!8\r\nSYNTAX a\r\n", .error(RESPServerError(text: "SYNTAX a"))),
        ("=8\r\ntxt:some\r\n", .verbatimString(.plainText, Array("some".utf8))),
        (
            "(-3492890328409238509324850943850943825024385\r\n",
            .bigNumber(Array("-3492890328409238509324850943850943825024385".utf8))
        ),
        ("*2\r\n:1\r\n*1\r\n_\r\n", .array([.number(1), .array([.null])])), ("*0\r\n", .array([])),
        ("~1\r\n#t\r\n", .set([.boolean(true)])),
        (
            "%2\r\n+a\r\n:1\r\n:2\r\n%0\r\n",
            .map([
                RESPEntry(.simpleString([0x61]), .number(1)), RESPEntry(.number(2), .map([])),
            ])
        ),
        (">2\r\n+message\r\n$1\r\nx\r\n", .push([.simpleString(Array("message".utf8)), .blobString([0x78])])),
        (
            "|1\r\n+ttl\r\n:3\r\n*1\r\n|0\r\n:1\r\n",
            .attributed(
                [RESPEntry(.simpleString(Array("ttl".utf8)), .number(3))], .array([.attributed([], .number(1))]))
        ),
        ("|0\r\n>1\r\n:1\r\n", .attributed([], .push([.number(1)]))),
    ]

    @Test("Each kind of value is read", arguments: samples)
    func kinds(text: String, value: RESPValue) throws {
        #expect(try parse([Array(text.utf8)]) == [value])
    }

    @Test("Wherever the stream is cut in two, the values are the same")
    func cutInTwo() throws {
        let stream = Array(Self.samples.map(\.0).joined().utf8)
        let values = Self.samples.map(\.1)
        for cut in 0...stream.count {
            #expect(try parse([Array(stream[..<cut]), Array(stream[cut...])]) == values, "cut at \(cut)")
        }
    }

    @Test("Byte by byte, the values are the same, and each comes with its last byte")
    func byteByByte() throws {
        for (text, value) in Self.samples {
            var parser = RESPParser()
            let bytes = Array(text.utf8)
            for (index, byte) in bytes.enumerated() {
                var read: [RESPValue] = []
                try parser.parse([byte].span) { read.append($0) }
                #expect(read == (index == bytes.count - 1 ? [value] : []))
                #expect(parser.isWithinValue == (index < bytes.count - 1))
            }
        }
    }

    @Test("What was read can be written and read again", arguments: samples)
    func writing(text: String, value: RESPValue) throws {
        var bytes: [UInt8] = []
        value.encode(into: &bytes)
        #expect(try parse([bytes]) == [value])
    }

    @Test("A code is a first word in capitals")
    func serverErrors() {
        #expect(RESPServerError(text: "WRONGTYPE Operation").code == "WRONGTYPE")
        #expect(RESPServerError(text: "LOADING").code == "LOADING")
        #expect(RESPServerError(text: "unknown thing").code == "ERR")
        #expect(RESPServerError(text: "").code == "ERR")
        #expect(RESPServerError([0xFF, 0x20]).text == "\u{FFFD} ")
    }

    @Test("A reply is read through its attributes, and as RESP2 spells it")
    func reading() {
        let value = RESPValue.attributed([], .array([.blobString(Array("a".utf8)), .blobString(Array("12".utf8))]))
        #expect(value.elements?.map(\.text) == ["a", "12"])
        #expect(value.entries?.first?.value.integer == 12)
        #expect(RESPValue.map([]).entries == [])
        #expect(RESPValue.blobString([0xFF]).text == nil)
        #expect(RESPValue.simpleString(Array("OK".utf8)).isOK)
        #expect(RESPValue.attributed([], .null).isNull)
    }
}

/// What a fresh parser makes of pieces.
func parse(_ pieces: [[UInt8]], limits: RESPLimits = .standard) throws(RESPParsingError) -> [RESPValue] {
    var parser = RESPParser(limits: limits)
    var values: [RESPValue] = []
    for piece in pieces { try parser.parse(piece.span) { values.append($0) } }
    return values
}
