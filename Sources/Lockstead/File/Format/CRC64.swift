/// CRC-64/XZ (ECMA-182 polynomial, reflected), the checksum of a state slot.
///
/// Chosen over a 64-bit FNV because it *guarantees* to see every error within 64 consecutive bits, so every flipped byte and every torn
/// word, and over CRC-32C because a torn write mixes old and new at random: it goes unseen with 2^-64, not 2^-32.
package enum CRC64 {
    package static func checksum(_ bytes: [UInt8]) -> UInt64 {
        var remainder = ~UInt64(0)
        table.withUnsafeBufferPointer { table in
            bytes.withUnsafeBufferPointer { bytes in
                var index = 0
                // A plain loop over pointers: unoptimised builds walk sequences a hundred times slower, and tests are such.
                while index < bytes.count {
                    remainder = table[Int(UInt8(truncatingIfNeeded: remainder) ^ bytes[index])] ^ (remainder >> 8)
                    index += 1
                }
            }
        }
        return ~remainder
    }

    private static let table: [UInt64] = (0..<256).map { index in
        (0..<8).reduce(UInt64(index)) { value, _ in
            value & 1 == 1 ? (value >> 1) ^ 0xC96C_5795_D787_0F42 : value >> 1
        }
    }
}
