/// A key whose hash costs a multiplication or two.
protocol FlatKey: Hashable, Sendable {
    /// Well mixed in its upper half, and keyed (`FlatHash`).
    var flatHash: UInt64 { get }
    /// What lies in an empty place; holds no storage of its own.
    static var vacant: Self { get }
}

/// Finds values by key: a table with open addressing that allocates only when it grows.
///
/// It cannot be iterated, so that no order of it can ever decide anything (RULES 25). Some twenty lookups make up an acquire and its
/// release; with the standard library's `Dictionary`, whose hash is a cipher, they cost more than all the lock rules.
struct FlatMap<Key: FlatKey, Value: Sendable>: Sendable {
    private struct Place: Sendable {
        /// The upper half of the key's hash with the top bit set; zero marks an empty place.
        var tag: UInt32
        var value: Value
        var key: Key
    }

    private var places: [Place] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    private var mask: Int { places.count - 1 }

    subscript(key: Key) -> Value? {
        get { position(of: key).map { places[$0].value } }
        set {
            guard let newValue else { return remove(key) { _ in true } }
            if let position = position(of: key) {
                places[position].value = newValue
            } else {
                insert(key, newValue)
            }
        }
    }

    /// The value of a key, entered as `value` where there is none.
    subscript(key: Key, default value: @autoclosure () -> Value) -> Value {
        get { self[key] ?? value() }
        _modify {
            let position = position(of: key) ?? insert(key, value())
            yield &places[position].value
        }
    }

    /// The value at a ``position(of:)``, which holds until the next key is entered or taken out.
    subscript(at position: Int) -> Value {
        _read { yield places[position].value }
        _modify { yield &places[position].value }
    }

    private static func tag(of key: Key) -> UInt32 { UInt32(truncatingIfNeeded: key.flatHash >> 32) | 0x8000_0000 }

    /// Where a key lies, so that looking and changing take one search.
    func position(of key: Key) -> Int? {
        guard count > 0 else { return nil }
        let tag = Self.tag(of: key)
        var position = Int(tag) & mask
        while places[position].tag != 0 {
            if places[position].tag == tag, places[position].key == key { return position }
            position = (position + 1) & mask
        }
        return nil
    }

    /// Enters a key that the caller knows is not there yet.
    @discardableResult
    mutating func insert(_ key: Key, _ value: Value) -> Int {
        // At most three quarters full, so that a search ends soon.
        if (count + 1) * 4 > places.count * 3 { grow(filler: value) }
        let tag = Self.tag(of: key)
        let position = vacancy(for: tag)
        places[position] = Place(tag: tag, value: value, key: key)
        count += 1
        return position
    }

    private func vacancy(for tag: UInt32) -> Int {
        var position = Int(tag) & mask
        while places[position].tag != 0 { position = (position + 1) & mask }
        return position
    }

    private mutating func grow(filler: Value) {
        let old = places
        places = Array(repeating: Place(tag: 0, value: filler, key: .vacant), count: max(16, old.count * 2))
        for place in old where place.tag != 0 { places[vacancy(for: place.tag)] = place }
    }

    /// Takes a key out, if its value is such.
    mutating func remove(_ key: Key, where condition: (Value) -> Bool) {
        guard let position = position(of: key), condition(places[position].value) else { return }
        remove(at: position)
    }

    /// Takes out the key at a ``position(of:)``.
    mutating func remove(at position: Int) {
        close(gap: position)
        count -= 1
    }

    /// Moves up what a search would no longer reach across the gap.
    private mutating func close(gap start: Int) {
        var gap = start
        var next = (gap + 1) & mask
        while places[next].tag != 0 {
            let home = Int(places[next].tag) & mask
            if (next - home) & mask >= (next - gap) & mask {
                places[gap] = places[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        places[gap].tag = 0
        places[gap].key = .vacant
    }
}

extension SessionID: FlatKey {
    var flatHash: UInt64 { FlatHash.of(high, low) }
    static var vacant: SessionID { SessionID(high: 0, low: 0) }
}

extension OwnerID: FlatKey {
    var flatHash: UInt64 { FlatHash.of(high, low) }
    static var vacant: OwnerID { OwnerID(high: 0, low: 0) }
}

extension LockName: FlatKey {}

extension RequestKey: FlatKey {
    var flatHash: UInt64 { FlatHash.of((session.high, session.low, request.high, request.low)) }
    static var vacant: RequestKey { RequestKey(session: .vacant, request: RequestID(high: 0, low: 0)) }
}

extension HolderKey: FlatKey {
    var flatHash: UInt64 { FlatHash.of(token.rawValue, lock.flatWord) }
    static var vacant: HolderKey { HolderKey(lock: .nowhere, token: FencingToken(rawValue: 0)) }
}
