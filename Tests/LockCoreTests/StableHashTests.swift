import Testing

@testable import LockCore

@Suite("The stable hash")
struct StableHashTests {
    @Test("Its first half is FNV-1a, as its authors' test vectors have it")
    func vectors() {
        #expect(StableHash.fnv1a("".utf8) == 0xcbf2_9ce4_8422_2325)
        #expect(StableHash.fnv1a("a".utf8) == 0xaf63_dc4c_8601_ec8c)
        #expect(StableHash.fnv1a("foobar".utf8) == 0x8594_4171_f739_67e8)
    }

    @Test("It never changes: programs of every version have to agree on it")
    func pinned() {
        #expect(StableHash.hash("") == 0xefd0_1f60_ba99_2926)
        #expect(StableHash.hash("foobar") == 0x2c22_1949_22d1_672b)
        #expect(StableHash.hash("orders/42") == 0x16fa_3f7c_d228_8fef)
        #expect(StableHash.hash("é") == 0x9d55_ccb9_ba86_763b)
    }

    @Test("Two spellings of one text have one hash")
    func spellings() {
        #expect(StableHash.hash("e\u{301}") == StableHash.hash("\u{e9}"))
        #expect(StableHash.hash("\u{1100}\u{1161}") == StableHash.hash("\u{ac00}"))
    }

    @Test("Neighbouring keys spread evenly over the remainders of small and odd numbers", arguments: [7, 16, 64, 100])
    func spread(parts: UInt64) {
        var counts = [Int](repeating: 0, count: Int(parts))
        for key in 0..<20_000 { counts[Int(StableHash.hash("accounts/\(key)") % parts)] += 1 }
        let mean = Double(20_000) / Double(parts)
        // Chi-squared: its mean is parts − 1 and its deviation √(2·(parts − 1)); six deviations are never chance.
        let chi = counts.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) / mean }
        let freedom = Double(parts - 1)
        #expect(chi < freedom + 6 * (2 * freedom).squareRoot(), "\(counts)")
    }
}
