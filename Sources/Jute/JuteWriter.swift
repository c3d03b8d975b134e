/// Writes one frame: its length, and the values behind it.
package struct JuteWriter: Sendable {
    private var bytes: [UInt8] = [0, 0, 0, 0]

    package init() {}

    /// The frame as it goes over the wire.
    package var frame: [UInt8] {
        var frame = bytes
        let length = UInt32(truncatingIfNeeded: bytes.count - 4)
        for index in 0..<4 { frame[index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(index))) }
        return frame
    }

    package mutating func boolean(_ value: Bool) { bytes.append(value ? 1 : 0) }

    package mutating func int(_ value: Int32) { bigEndian(UInt64(UInt32(bitPattern: value)), 4) }

    package mutating func long(_ value: Int64) { bigEndian(UInt64(bitPattern: value), 8) }

    private mutating func bigEndian(_ value: UInt64, _ count: Int) {
        for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }

    package mutating func buffer(_ value: some Collection<UInt8>) {
        int(Int32(clamping: value.count))
        bytes += value
    }

    package mutating func text(_ value: String) { buffer(value.utf8) }

    package mutating func vector<Element>(_ elements: [Element], _ write: (inout JuteWriter, Element) -> Void) {
        int(Int32(clamping: elements.count))
        for element in elements { write(&self, element) }
    }

    package mutating func texts(_ values: [String]) { vector(values) { $0.text($1) } }
}
