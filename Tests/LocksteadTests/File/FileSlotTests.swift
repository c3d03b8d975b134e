import Lockstead
import Testing

@Suite("Slots of a state file", .timeLimit(.minutes(2)))
struct FileSlotTests {
    /// Bodies that fit behind their head, and such that do not, growing and shrinking: every way a slot can be laid out.
    static let sizes = [10, 4000, 4032, 4033, 9000, 100, 12_000, 4500, 8192, 0, 9001, 7]

    private static func body(_ number: Int, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ number) }
    }

    @Test("Whatever grows or shrinks, the newest record is read back and the one before it stays whole")
    func growAndShrink() throws {
        let storage = MemoryStorage()
        var previous: [UInt8]?
        for (number, size) in Self.sizes.enumerated() {
            var slots = try SlotFile(reading: storage)
            #expect(slots.latest?.body == previous)
            try slots.write(Self.body(number, size), to: storage)
            let read = try SlotFile(reading: storage)
            #expect(read.latest?.body == Self.body(number, size))
            #expect(read.latest?.header.sequence == UInt64(number + 1))
            #expect(!read.hasDamage, "the record before \(size) bytes was touched")
            previous = Self.body(number, size)
        }
        #expect(storage.bytes.count <= 3 * 12_000 + 3 * SlotFile.blockSize, "the file grows without bound")
    }

    @Test("A crash after any byte of any write leaves the old record or the new one")
    func everyPrefix() throws {
        let storage = MemoryStorage()
        for (number, size) in Self.sizes.enumerated() {
            let before = try SlotFile(reading: storage)
            let (old, image) = (before.latest?.body, storage.bytes)
            let new = Self.body(number, size)
            let writes = SlotFile.writes(of: before.planned(new))
            for prefix in Self.prefixes(of: writes) {
                let crashed = MemoryStorage(image)
                for write in prefix { try crashed.write(write.bytes, at: write.offset) }
                let found = try SlotFile(reading: crashed).latest?.body
                #expect(found == old || found == new, "\(size) bytes, cut after \(prefix.map(\.bytes.count))")
            }
            var slots = before
            try slots.write(new, to: storage)
        }
    }

    @Test("The order in which the disk takes the parts of a write makes no difference")
    func reordered() throws {
        let storage = MemoryStorage()
        for (number, size) in Self.sizes.enumerated() {
            let before = try SlotFile(reading: storage)
            let (old, image) = (before.latest?.body, storage.bytes)
            let new = Self.body(number, size)
            for write in SlotFile.writes(of: before.planned(new)) {
                let torn = MemoryStorage(image)
                try torn.write(write.bytes, at: write.offset)
                let found = try SlotFile(reading: torn).latest?.body
                #expect(found == old || found == new)
            }
            var slots = before
            try slots.write(new, to: storage)
        }
    }

    @Test("A flipped bit in any byte is seen: the record before it serves, and no damaged one ever does")
    func everyFlip() throws {
        let storage = MemoryStorage()
        for (number, size) in [200, 4100, 300].enumerated() {
            var slots = try SlotFile(reading: storage)
            try slots.write(Self.body(number, size), to: storage)
        }
        let (image, good) = (storage.bytes, [Self.body(1, 4100), Self.body(2, 300)])
        for index in image.indices {
            var damaged = image
            damaged[index] ^= 1 << UInt8(index % 8)
            let slots = try SlotFile(reading: MemoryStorage(damaged))
            guard let body = slots.latest?.body, good.contains(body) else {
                Issue.record("byte \(index): \(slots.conditions)")
                return
            }
        }
    }

    @Test("Both heads damaged is damage, not an empty file")
    func bothBad() throws {
        let storage = MemoryStorage()
        for number in 0..<2 {
            var slots = try SlotFile(reading: storage)
            try slots.write(Self.body(number, 100), to: storage)
        }
        try storage.write([1, 2, 3], at: 20)
        try storage.write([1, 2, 3], at: SlotFile.blockSize + 20)
        let slots = try SlotFile(reading: storage)
        #expect(slots.latest == nil && slots.conditions == [.bad, .bad])
    }

    @Test("A full disk in the middle of a write loses nothing, and the next write works")
    func fullDisk() throws {
        let storage = MemoryStorage()
        var slots = try SlotFile(reading: storage)
        try slots.write(Self.body(1, 100), to: storage)
        for budget in [0, 50, 99, 100, 130] {
            storage.limit(to: budget)
            var attempt = try SlotFile(reading: storage)
            #expect(throws: SystemError.self) { try attempt.write(Self.body(2, 100), to: storage) }
            #expect(try SlotFile(reading: storage).latest?.body == Self.body(1, 100))
        }
        storage.limit(to: .max)
        var next = try SlotFile(reading: storage)
        try next.write(Self.body(3, 100), to: storage)
        #expect(try SlotFile(reading: storage).latest?.body == Self.body(3, 100))
    }

    @Test("Hostile heads with sound checksums are refused without a trap")
    func hostileHeads() throws {
        for (sequence, offset, length) in [
            (UInt64.max, 64, 4), (5, .max / 3, 4), (5, 64, 1 << 40), (5, 1 << 40, 1000), (5, 0, 1 << 26),
        ] {
            let header = SlotHeader(sequence: sequence, bodyOffset: offset, bodyLength: length, bodyChecksum: 0)
            let storage = MemoryStorage(header.encoded)
            var slots = try SlotFile(reading: storage)
            #expect(slots.latest == nil)
            try slots.write([1], to: storage)
            #expect(try SlotFile(reading: storage).latest?.body == [1])
        }
    }

    @Test("A format of the future is told apart from damage")
    func futureVersion() throws {
        var bytes = SlotHeader(sequence: 1, bodyOffset: 64, bodyLength: 0, bodyChecksum: 0).encoded
        bytes[8] = 9
        var writer = RecordWriter()
        writer.write(CRC64.checksum(Array(bytes[..<48])))
        bytes.replaceSubrange(48..<56, with: writer.bytes)
        #expect(try SlotFile(reading: MemoryStorage(bytes)).conditions.first == .unknownVersion(9))
    }

    /// All prefixes of a run of writes, byte by byte around every edge and in steps between.
    private static func prefixes(of writes: [SlotFile.Write]) -> [[SlotFile.Write]] {
        var prefixes: [[SlotFile.Write]] = [[]]
        for (index, write) in writes.enumerated() {
            let count = write.bytes.count
            let cuts =
                count <= 128
                ? Array(0...count)
                : Array(0...64) + Array(stride(from: 65, to: count - 64, by: 199)) + Array((count - 64)...count)
            for cut in cuts {
                prefixes.append(
                    writes[..<index] + [SlotFile.Write(offset: write.offset, bytes: Array(write.bytes.prefix(cut)))])
            }
        }
        return prefixes
    }
}
