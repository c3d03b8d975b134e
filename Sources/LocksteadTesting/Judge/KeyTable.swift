/// Numbers the keys of a history in the order in which they come: a hash table over bytes that copies a key only once.
struct KeyTable {
    private(set) var names: [[UInt8]] = []
    private var hashes: [UInt64] = []
    /// Numbers plus one; a power of two of places, at most half of them taken.
    private var places: [Int32] = Array(repeating: 0, count: 64)

    mutating func number(of text: HistoryText) -> Int32 {
        guard !text.hasEscapes else {
            return text.bytes.withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { number(of: $0, count: buffer.count) } ?? number(of: text.start, count: 0)
            }
        }
        return number(of: text.start, count: text.count)
    }

    private mutating func number(of start: UnsafePointer<UInt8>, count: Int) -> Int32 {
        let hash = Self.hash(start, count)
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] != 0 {
            let known = Int(places[place] - 1)
            if hashes[known] == hash, isEqual(known, start, count) { return Int32(known) }
            place = (place + 1) & (places.count - 1)
        }
        names.append(Array(UnsafeBufferPointer(start: start, count: count)))
        hashes.append(hash)
        places[place] = Int32(names.count)
        if names.count * 2 > places.count { grow() }
        return Int32(names.count - 1)
    }

    private func isEqual(_ known: Int, _ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        names[known].withUnsafeBufferPointer { name in
            name.count == count && (0..<count).allSatisfy { name[$0] == start[$0] }
        }
    }

    private mutating func grow() {
        places = Array(repeating: 0, count: places.count * 4)
        for (number, hash) in hashes.enumerated() {
            var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
            while places[place] != 0 { place = (place + 1) & (places.count - 1) }
            places[place] = Int32(number + 1)
        }
    }

    /// FNV-1a with a final mix, so that the low bits are good places.
    private static func hash(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for at in 0..<count { hash = (hash ^ UInt64(start[at])) &* 0x0000_0100_0000_01B3 }
        return hash ^ hash >> 29
    }
}
