/// The fixed head of a slot: where its body lies, and checksums over both.
package struct SlotHeader: Sendable, Hashable {
    package static let byteCount = 64
    /// More than 100 MB of waiters for one lock is damage, not state.
    package static let longestBody = 1 << 27
    package static let version: UInt32 = 1

    package var sequence: UInt64
    package var bodyOffset: Int
    package var bodyLength: Int
    package var bodyChecksum: UInt64

    package init(sequence: UInt64, bodyOffset: Int, bodyLength: Int, bodyChecksum: UInt64) {
        (self.sequence, self.bodyOffset) = (sequence, bodyOffset)
        (self.bodyLength, self.bodyChecksum) = (bodyLength, bodyChecksum)
    }

    /// What 64 bytes at a slot's place are.
    package enum Reading: Sendable, Hashable {
        /// Never written.
        case blank
        case header(SlotHeader)
        /// Sound, but of a format that a newer Lockstead wrote.
        case unknownVersion(UInt32)
        case bad
    }

    package var encoded: [UInt8] {
        var writer = RecordWriter()
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(UInt32(0))
        writer.write(sequence)
        writer.write(UInt64(bodyOffset))
        writer.write(UInt64(bodyLength))
        writer.write(bodyChecksum)
        writer.write(CRC64.checksum(writer.bytes))
        return writer.bytes + [UInt8](repeating: 0, count: Self.byteCount - writer.bytes.count)
    }

    package static func reading(_ bytes: [UInt8]) -> Reading {
        if bytes.allSatisfy({ $0 == 0 }) { return .blank }
        guard let reading = try? decode(bytes) else { return .bad }  // Which check failed makes no difference.
        return reading
    }

    private static func decode(_ bytes: [UInt8]) throws(RecordError) -> Reading {
        guard bytes.count == byteCount else { return .bad }
        var reader = RecordReader(bytes)
        let magic = try reader.read(UInt64.self)
        let version = try reader.read(UInt32.self)
        _ = try reader.read(UInt32.self)
        let sequence = try reader.read(UInt64.self)
        let (offset, length) = (try reader.read(UInt64.self), try reader.read(UInt64.self))
        let bodyChecksum = try reader.read(UInt64.self)
        guard magic == Self.magic, try reader.read(UInt64.self) == CRC64.checksum(Array(bytes[..<48])) else {
            return .bad
        }
        guard version == Self.version else { return .unknownVersion(version) }
        guard sequence < .max, offset < UInt64(Int64.max) / 2, length <= UInt64(longestBody) else { return .bad }
        return .header(
            SlotHeader(sequence: sequence, bodyOffset: Int(offset), bodyLength: Int(length), bodyChecksum: bodyChecksum)
        )
    }

    /// "LockSlot" in bytes.
    private static let magic: UInt64 = 0x746F_6C53_6B63_6F4C
}
