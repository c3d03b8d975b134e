/// Numbers in the value of a register: little-endian, after a byte that tells the kind of lock.
struct RegisterBytes {
    private(set) var bytes: [UInt8]

    /// Begins a value.
    init(kind: UInt8) { bytes = [kind] }

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Reads what ``RegisterBytes`` wrote, from bytes that may be another kind's: `nil` where they are.
struct RegisterNumbers {
    private var rest: ArraySlice<UInt8>

    init?(_ bytes: [UInt8], kind: UInt8) {
        guard bytes.first == kind else { return nil }
        rest = bytes.dropFirst()
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func next<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value? {
        let size = Value.bitWidth / 8
        guard rest.count >= size else { return nil }
        defer { rest = rest.dropFirst(size) }
        return rest.prefix(size).reversed().reduce(Value(0)) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }
}
