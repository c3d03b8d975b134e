import LockCore
import Testing

@Suite("Names (RULES 21)")
struct LockNameTests {
    @Test(
        "these are names",
        arguments: [
            "a", "orders/42", "käse/é", "日本/東京", "a b", "{x}", "...", "a/.b", String(repeating: "x", count: 512), "👩‍👩‍👧",
        ])
    func accepted(text: String) throws {
        #expect(try LockName(text).text == text)
    }

    @Test(
        "these are not, and the message says what to do",
        arguments: [
            "", "/a", "a/", "a//b", "/", ".", "..", "a/./b", "a/..", "a\u{0}b", "a\nb", "\u{7F}", "\u{85}", "e\u{301}",
            "\u{212B}", String(repeating: "x", count: 513), String(repeating: "é", count: 257),
        ])
    func refused(text: String) {
        let error = #expect(throws: LockError.self) { try LockName(text) }
        #expect(error?.code == .invalidName && error?.effect == .didNotHappen && (error?.message.count ?? 0) > 20)
    }

    @Test("names are ordered by their bytes")
    func order() throws {
        let names = try ["b", "a/b", "a", "a-b", "Z", "é"].map { try LockName($0) }
        #expect(names.sorted().map(\.text) == ["Z", "a", "a-b", "a/b", "b", "é"])
    }

    @Test("tokens stay below 2^53 and read back what they print")
    func tokens() {
        #expect(FencingToken("9007199254740991") == .maximum)
        for text in ["9007199254740992", "-1", "+5", "-0", "05", "00", " 5", "5 ", "", "+", "x", "5.0", "0x5", "٥"] {
            #expect(FencingToken(text) == nil, "read \"\(text)\"")
        }
        #expect(FencingToken("0")?.rawValue == 0)
        #expect(FencingToken(rawValue: 12).description == "12")
    }

    @Test("identifiers read back what they print, and nothing else")
    func identifiers() {
        let id = OwnerID(high: 1, low: .max)
        #expect(OwnerID(hexadecimal: id.description) == id)
        for bad in [
            "", "0", "+000000000000001ffffffffffffffff", "000000000000000000000000000000AB",
            String(repeating: "g", count: 32),
        ] {
            #expect(OwnerID(hexadecimal: bad) == nil)
        }
    }
}
