import Testing

@testable import LocksteadRedis

struct ClusterSlotTests {
    @Test(
        "A key's slot is the one that the servers compute",
        arguments: [
            ("123456789", 12_739), ("foo", 12_182), ("", 0), ("a", 15_495), ("b", 3_300), ("c", 7_365),
            ("{a}:queue", 15_495), ("x{b}y", 3_300),
        ])
    func slots(_ key: String, _ slot: Int) { #expect(ClusterSlot(of: key).number == slot) }

    @Test("Only what stands in the first braces counts, and all of it where that is nothing")
    func hashTags() {
        #expect(ClusterSlot(of: "{user1000}.following") == ClusterSlot(of: "{user1000}.followers"))
        #expect(ClusterSlot(of: "foo{{bar}}zap") == ClusterSlot(of: "{bar"))
        #expect(ClusterSlot(of: "foo{bar}{zap}") == ClusterSlot(of: "bar"))
        #expect(ClusterSlot(of: "foo{}{bar}") != ClusterSlot(of: "bar"))
        #expect(ClusterSlot(of: "foo{bar") != ClusterSlot(of: "bar"))
    }

    @Test("All keys of a lock lie in one slot", arguments: ["a", "orders/42", "x{y}z", "ü"])
    func keysOfALock(_ name: String) {
        let keys = LockKeys(main: name)
        let slots = Set((keys.scriptKeys + [keys.register]).map { ClusterSlot(of: $0) })
        #expect(slots.count == 1)
    }

    @Test("Every slot has a word that brings a key there")
    func tags() throws {
        for number in 0..<ClusterSlot.count {
            let slot = try #require(ClusterSlot(number))
            #expect(ClusterSlot(of: "anything:{\(slot.tag)}") == slot)
        }
        #expect(ClusterSlot(-1) == nil && ClusterSlot(16_384) == nil)
    }
}
