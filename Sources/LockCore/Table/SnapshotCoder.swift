/// Why bytes are not a snapshot.
package enum SnapshotError: Error, Sendable, Hashable {
    case notASnapshot
    /// Written by a later version.
    case unknownVersion(UInt16)
    case truncated
    case trailingBytes
    /// Well-formed bytes that describe no possible table; the text says how.
    case inconsistent(String)
}

/// Writes a snapshot: little-endian numbers, texts with their length before them.
struct SnapshotEncoder {
    private(set) var bytes: [UInt8] = []

    /// Begins with room for so many bytes: growing costs more than writing.
    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ text: String) {
        write(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func write(bytes value: [UInt8]) {
        write(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func write(_ identifier: some LockIdentifier) {
        write(identifier.high)
        write(identifier.low)
    }

    mutating func write(_ flag: Bool) { write(UInt8(flag ? 1 : 0)) }
    mutating func write(_ time: LogTime) { write(time.nanoseconds) }
    mutating func write(_ span: TimeSpan) { write(span.nanoseconds) }
    mutating func write(_ token: FencingToken) { write(token.rawValue) }

    mutating func write<Element>(_ list: [Element], _ each: (inout SnapshotEncoder, Element) -> Void) {
        write(UInt32(list.count))
        for element in list { each(&self, element) }
    }

    mutating func write<Value>(_ value: Value?, _ some: (inout SnapshotEncoder, Value) -> Void) {
        write(value != nil)
        if let value { some(&self, value) }
    }
}

/// Reads a snapshot and trusts nothing: every length is checked against what is there, so that hostile bytes cost no more memory
/// than they have.
struct SnapshotDecoder {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func read<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(SnapshotError) -> Value {
        let size = Value.bitWidth / 8
        guard bytes.count - position >= size else { throw .truncated }
        var value: Value = 0
        for offset in (0..<size).reversed() {
            value = value << 8 | Value(truncatingIfNeeded: bytes[position + offset])
        }
        position += size
        return value
    }

    mutating func readFlag() throws(SnapshotError) -> Bool {
        switch try read(UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw .inconsistent("a flag is neither 0 nor 1")
        }
    }

    mutating func readText(atMost limit: Int) throws(SnapshotError) -> String {
        let count = Int(try read(UInt32.self))
        guard count <= limit else { throw .inconsistent("a text of \(count) bytes; the most is \(limit)") }
        guard bytes.count - position >= count else { throw .truncated }
        guard let text = String(validating: bytes[position..<position + count], as: UTF8.self) else {
            throw .inconsistent("a text is not UTF-8")
        }
        position += count
        return text
    }

    mutating func readBytes(atMost limit: Int) throws(SnapshotError) -> [UInt8] {
        let count = Int(try read(UInt32.self))
        guard count <= limit else { throw .inconsistent("a value of \(count) bytes; the most is \(limit)") }
        guard bytes.count - position >= count else { throw .truncated }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func readIdentifier<Identifier: LockIdentifier>(
        _ type: Identifier.Type = Identifier.self
    ) throws(SnapshotError) -> Identifier {
        Identifier(high: try read(), low: try read())
    }

    mutating func readTime() throws(SnapshotError) -> LogTime { LogTime(nanoseconds: try read()) }
    mutating func readSpan() throws(SnapshotError) -> TimeSpan { TimeSpan(nanoseconds: try read()) }

    mutating func readName() throws(SnapshotError) -> LockName {
        let text = try readText(atMost: LockName.maximumByteCount)
        do { return try LockName(text) } catch { throw .inconsistent(error.message) }
    }

    mutating func readList<Element>(
        atMost limit: Int = .max, _ each: (inout SnapshotDecoder) throws(SnapshotError) -> Element
    ) throws(SnapshotError) -> [Element] {
        let count = Int(try read(UInt32.self))
        // Every element takes a byte at least, so a hostile count ends here and not in an allocation.
        guard count <= limit, count <= bytes.count - position else { throw .truncated }
        var list: [Element] = []
        for _ in 0..<count { list.append(try each(&self)) }
        return list
    }

    mutating func readOptional<Value>(
        _ some: (inout SnapshotDecoder) throws(SnapshotError) -> Value
    ) throws(SnapshotError) -> Value? {
        try readFlag() ? try some(&self) : nil
    }
}
