/// Where slots are kept: a file, or a test's memory.
package protocol SlotStorage {
    /// Up to `count` bytes; fewer where the storage ends.
    func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8]
    func write(_ bytes: [UInt8], at offset: Int) throws(SystemError)
    func synchronize() throws(SystemError)
}

extension OpenFile: SlotStorage {}

/// One record kept twice in a file that is never truncated, renamed or unlinked: two slots, written in turn, so that a crash at any
/// byte of a write leaves the slot before it untouched (RULES 28).
///
/// Each slot has its head at a fixed place in a 4 KiB block of its own (no torn block takes both), and its body behind the head while
/// it fits there. A longer body lies in the first gap after the two blocks that the *other* slot's body does not touch; so slots grow
/// and shrink freely, and the file stays within about three times its longest body.
package struct SlotFile: Sendable {
    /// What a slot was found to hold.
    package enum Condition: Sendable, Hashable {
        case blank
        case good(SlotHeader)
        case unknownVersion(UInt32)
        case bad
    }

    package struct Record: Sendable, Hashable {
        package var slot: Int
        package var header: SlotHeader
        package var body: [UInt8]
    }

    package struct Write: Sendable, Hashable {
        package var offset: Int
        package var bytes: [UInt8]

        package init(offset: Int, bytes: [UInt8]) { (self.offset, self.bytes) = (offset, bytes) }
    }

    package static let blockSize = 4096

    package private(set) var conditions: [Condition]
    /// The newest good record; `nil` where neither slot is good.
    package private(set) var latest: Record?

    /// Reads both slots.
    ///
    /// - Parameters:
    ///   - storage: Where they are.
    ///   - known: A record that was read or written before. While the newest head is its own, it is taken for what is there,
    ///     and no body is read.
    /// - Throws: `SystemError` where the storage cannot be read.
    package init(reading storage: some SlotStorage, trusting known: Record? = nil) throws(SystemError) {
        conditions = []
        let blocks = try storage.read(at: 0, count: 2 * Self.blockSize)
        let heads = (0..<2).map { Self.head(of: $0, in: blocks) }
        if let known, Self.newest(of: heads) == known.header, heads[known.slot] == .header(known.header) {
            conditions = heads.map(Self.condition)
            latest = known
            return
        }
        for (slot, head) in heads.enumerated() {
            switch head {
            case .blank, .bad, .unknownVersion: conditions.append(Self.condition(head))
            case .header(let header):
                let body = try Self.body(header, in: blocks, of: storage)
                conditions.append(body == nil ? .bad : .good(header))
                if let body, header.sequence >= latest?.header.sequence ?? 0 {
                    latest = Record(slot: slot, header: header, body: body)
                }
            }
        }
    }

    private static func head(of slot: Int, in blocks: [UInt8]) -> SlotHeader.Reading {
        let start = slot * blockSize
        let end = min(start + SlotHeader.byteCount, blocks.count)
        return SlotHeader.reading(start < end ? Array(blocks[start..<end]) : [])
    }

    private static func newest(of heads: [SlotHeader.Reading]) -> SlotHeader? {
        heads.compactMap { if case .header(let header) = $0 { header } else { nil } }.max { $0.sequence < $1.sequence }
    }

    private static func condition(_ head: SlotHeader.Reading) -> Condition {
        switch head {
        case .blank: .blank
        case .bad: .bad
        case .unknownVersion(let version): .unknownVersion(version)
        case .header(let header): .good(header)
        }
    }

    /// The newest sequence number that a head tells, whether or not its body is sound: enough to see that something changed.
    package static func newestSequence(in storage: some SlotStorage) throws(SystemError) -> UInt64? {
        let blocks = try storage.read(at: 0, count: blockSize + SlotHeader.byteCount)
        return newest(of: (0..<2).map { head(of: $0, in: blocks) })?.sequence
    }

    /// Whether one slot is damaged while the other one serves.
    package var hasDamage: Bool { conditions.contains(.bad) }

    /// Writes `body` beside the latest record, which stays whole whatever happens.
    ///
    /// The caller synchronizes.
    package mutating func write(_ body: [UInt8], to storage: some SlotStorage) throws(SystemError) {
        let record = planned(body)
        // While it is written the slot holds neither the old record nor the new one.
        conditions[record.slot] = .bad
        for write in Self.writes(of: record) { try storage.write(write.bytes, at: write.offset) }
        conditions[record.slot] = .good(record.header)
        latest = record
    }

    package static func writes(of record: Record) -> [Write] {
        [
            Write(offset: record.header.bodyOffset, bytes: record.body),
            Write(offset: record.slot * blockSize, bytes: record.header.encoded),
        ]
    }

    /// The record that a write of `body` makes.
    package func planned(_ body: [UInt8]) -> Record {
        let slot = latest.map { 1 - $0.slot } ?? 0
        let header = SlotHeader(
            sequence: (latest?.header.sequence ?? 0) + 1, bodyOffset: offset(for: body.count, in: slot),
            bodyLength: body.count, bodyChecksum: CRC64.checksum(body))
        return Record(slot: slot, header: header, body: body)
    }

    private func offset(for count: Int, in slot: Int) -> Int {
        if count <= Self.blockSize - SlotHeader.byteCount { return slot * Self.blockSize + SlotHeader.byteCount }
        let first = 2 * Self.blockSize
        guard let other = latest?.header, other.bodyOffset >= first, first + count > other.bodyOffset else {
            return first
        }
        let end = other.bodyOffset + other.bodyLength
        return (end + Self.blockSize - 1) / Self.blockSize * Self.blockSize
    }

    private static func body(
        _ header: SlotHeader, in blocks: [UInt8], of storage: some SlotStorage
    ) throws(SystemError) -> [UInt8]? {
        let end = header.bodyOffset + header.bodyLength
        let body =
            end <= blocks.count
            ? Array(blocks[header.bodyOffset..<end])
            : try storage.read(at: header.bodyOffset, count: header.bodyLength)
        return body.count == header.bodyLength && CRC64.checksum(body) == header.bodyChecksum ? body : nil
    }
}
