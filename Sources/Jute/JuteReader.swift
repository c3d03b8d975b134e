/// Reads the values of one frame, front to back, in ZooKeeper's serialization: big-endian numbers, lengths before bytes.
package struct JuteReader: Sendable {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { rest = bytes }
    package init(_ bytes: [UInt8]) { rest = bytes[...] }

    package var isAtEnd: Bool { rest.isEmpty }

    package mutating func boolean() throws(JuteError) -> Bool {
        guard let byte = rest.popFirst() else { throw .truncated }
        return byte != 0
    }

    package mutating func int() throws(JuteError) -> Int32 {
        Int32(truncatingIfNeeded: try bigEndian(4))
    }

    package mutating func long() throws(JuteError) -> Int64 {
        Int64(bitPattern: try bigEndian(8))
    }

    private mutating func bigEndian(_ count: Int) throws(JuteError) -> UInt64 {
        guard rest.count >= count else { throw .truncated }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Bytes; none and no bytes at all are the same to us.
    package mutating func buffer() throws(JuteError) -> [UInt8] {
        let length = try int()
        guard length >= -1, Int(length) <= rest.count else { throw .badLength(length) }
        let count = max(0, Int(length))
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    package mutating func text() throws(JuteError) -> String {
        guard let text = String(validating: try buffer(), as: UTF8.self) else { throw .badText }
        return text
    }

    /// As many elements as are announced; each takes at least `smallest` bytes, so that no number reserves memory that nothing fills.
    package mutating func vector<Element>(
        smallest: Int, _ element: (inout JuteReader) throws(JuteError) -> Element
    ) throws(JuteError) -> [Element] {
        let count = try int()
        guard count >= -1, Int(count) <= rest.count / smallest else { throw .badLength(count) }
        var elements: [Element] = []
        elements.reserveCapacity(max(0, Int(count)))
        for _ in 0..<max(0, count) { elements.append(try element(&self)) }
        return elements
    }

    package mutating func texts() throws(JuteError) -> [String] {
        try vector(smallest: 4) { (reader) throws(JuteError) in try reader.text() }
    }
}
