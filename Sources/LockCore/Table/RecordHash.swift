/// A hash with a fixed key, so that every replica comes to the same digest.
///
/// It detects divergence, not malice.
struct RecordHash {
    private var state: UInt64

    /// `kind` keeps records of different kinds with equal contents apart.
    init(kind: UInt64) { state = 0x9E37_79B9_7F4A_7C15 &* (kind &+ 1) }

    mutating func combine(_ value: UInt64) {
        state ^= value
        state = (state ^ (state >> 32)) &* 0xD6E8_FEB8_6659_FD93
        state = (state ^ (state >> 29)) &* 0xBF58_476D_1CE4_E5B9
    }

    mutating func combine(_ value: Int64) { combine(UInt64(bitPattern: value)) }
    mutating func combine(_ time: LogTime) { combine(time.nanoseconds) }
    mutating func combine(_ span: TimeSpan) { combine(span.nanoseconds) }

    mutating func combine(_ identifier: some LockIdentifier) {
        combine(identifier.high)
        combine(identifier.low)
    }

    mutating func combine(_ text: String) { combine(bytes: text.utf8) }

    private mutating func combine(bytes: some Collection<UInt8>) {
        combine(UInt64(bytes.count))
        var word: UInt64 = 0
        var filled = 0
        for byte in bytes {
            word = word << 8 | UInt64(byte)
            filled += 1
            if filled == 8 {
                combine(word)
                (word, filled) = (0, 0)
            }
        }
        if filled > 0 { combine(word) }
    }

    mutating func combine(_ mode: LockMode) {
        switch mode {
        case .exclusive: combine(UInt64(0))
        case .shared: combine(UInt64(1))
        case .permits(let count, let limit):
            combine(UInt64(2))
            combine(Int64(count))
            combine(Int64(limit))
        }
    }

    mutating func combine(_ note: HolderNote) {
        combine(note.host)
        combine(Int64(note.processID))
        combine(note.purpose)
        combine(note.traceID)
    }

    var value: UInt64 { state ^ (state >> 32) }

    static func of(_ bytes: [UInt8], kind: UInt64) -> UInt64 {
        var hash = RecordHash(kind: kind)
        hash.combine(bytes: bytes)
        return hash.value
    }

    static func of(_ name: LockName) -> UInt64 {
        var hash = RecordHash(kind: 0)
        hash.combine(name.text)
        return hash.value
    }
}
