/// One of the 16,384 parts into which a cluster divides its keys.
struct ClusterSlot: Sendable, Hashable {
    static let count = 16_384

    let number: Int

    /// A slot by its number; `nil` where there is none of that number.
    init?(_ number: Int) {
        guard (0..<Self.count).contains(number) else { return nil }
        self.number = number
    }

    /// The slot of a key: of its hash tag, where it has one.
    init(of key: [UInt8]) { number = Int(Self.crc16(Self.hashed(key[...]))) % Self.count }

    /// The slot of a key.
    init(of key: String) { self.init(of: Array(key.utf8)) }

    /// What stands between the first `{` and the next `}`, if that is anything; else the whole.
    private static func hashed(_ key: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let opening = key.firstIndex(of: UInt8(ascii: "{")),
            let closing = key[(opening + 1)...].firstIndex(of: UInt8(ascii: "}")), closing > opening + 1
        else { return key }
        return key[(opening + 1)..<closing]
    }

    /// CRC-16/XMODEM: polynomial 0x1021, from 0.
    private static func crc16(_ bytes: ArraySlice<UInt8>) -> UInt16 { bytes.reduce(0, step) }

    private static func step(_ crc: UInt16, _ byte: UInt8) -> UInt16 { (crc << 8) ^ table[Int(crc >> 8) ^ Int(byte)] }

    private static let table: [UInt16] = (0..<256).map { index in
        (0..<8).reduce(UInt16(index) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : (crc << 1) ^ 0x1021 }
    }
}

extension ClusterSlot {
    /// A short word of this slot: in braces it brings any key or channel here.
    var tag: String { Self.tags[number] }

    /// Three letters each: enough of them for all slots.
    private static let tags: [String] = {
        let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var tags = [String](repeating: "", count: count)
        for first in letters {
            for second in letters {
                let crc = step(step(0, first), second)
                for third in letters {
                    let slot = Int(step(crc, third)) % count
                    guard tags[slot].isEmpty else { continue }
                    tags[slot] = String(decoding: [first, second, third], as: UTF8.self)
                }
            }
        }
        return tags
    }()
}
