/// Writes numbers, texts and byte strings one after another, little-endian, lengths first.
package struct RecordWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func write(_ value: [UInt8]) {
        write(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func write(_ value: String) { write([UInt8](value.utf8)) }

    package mutating func write<Value>(_ value: Value?, _ body: (inout RecordWriter, Value) -> Void) {
        write(UInt8(value == nil ? 0 : 1))
        if let value { body(&self, value) }
    }

    package mutating func write<Value>(_ values: [Value], _ body: (inout RecordWriter, Value) -> Void) {
        write(UInt32(values.count))
        for value in values { body(&self, value) }
    }
}

/// What a record holds is not what its reader understands.
package struct RecordError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// Reads what a ``RecordWriter`` wrote, from bytes that need not be: it throws, and never allocates beyond what it was given.
package struct RecordReader: Sendable {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) { rest = bytes[...] }

    package mutating func read<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(RecordError) -> Value {
        let size = Value.bitWidth / 8
        guard rest.count >= size else { throw RecordError("it ends early") }
        defer { rest = rest.dropFirst(size) }
        return rest.prefix(size).reversed().reduce(Value(0)) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    package mutating func readBytes() throws(RecordError) -> [UInt8] {
        let count = Int(try read(UInt32.self))
        guard rest.count >= count else { throw RecordError("it ends early") }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    package mutating func readText() throws(RecordError) -> String {
        guard let text = String(validating: try readBytes(), as: UTF8.self) else {
            throw RecordError("it holds no text")
        }
        return text
    }

    package mutating func readOptional<Value>(
        _ body: (inout RecordReader) throws(RecordError) -> Value
    ) throws(RecordError) -> Value? {
        switch try read(UInt8.self) {
        case 0: nil
        case 1: try body(&self)
        default: throw RecordError("it holds an unknown mark")
        }
    }

    /// Each value must take at least one byte, so that a hostile count cannot make us allocate.
    package mutating func readArray<Value>(
        _ body: (inout RecordReader) throws(RecordError) -> Value
    ) throws(RecordError) -> [Value] {
        let count = Int(try read(UInt32.self))
        guard count <= rest.count else { throw RecordError("it counts more than it holds") }
        var values: [Value] = []
        for _ in 0..<count { values.append(try body(&self)) }
        return values
    }

    package func finish() throws(RecordError) {
        guard rest.isEmpty else { throw RecordError("it has \(rest.count) bytes too many") }
    }
}
