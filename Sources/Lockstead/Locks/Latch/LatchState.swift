/// What the register of a count-down latch holds.
///
/// Pure. Each change names itself by a number drawn for it, so that one whose answer was lost is known when it is seen again.
struct LatchState: Sendable, Equatable {
    /// Enough for the others that come between a change and the look for it.
    static let longestMemory = 32
    static let highestCount = 1_000_000_000
    private static let kind = UInt8(ascii: "L")

    /// What the latch was made with.
    let initial: UInt32
    private(set) var count: UInt32
    /// How often it was reset.
    private(set) var round: UInt32 = 0
    /// How many changes there were.
    private(set) var changes: UInt64 = 0
    /// The latest changes, oldest first.
    private(set) var latest: [UInt64] = []

    init(initial: UInt32) { (self.initial, count) = (initial, initial) }

    /// Whether a change is among the latest; `nil` where it may have been and is forgotten.
    ///
    /// `known` is how many changes there were when it was first tried.
    func contains(_ change: UInt64, since known: UInt64) -> Bool? {
        if latest.contains(change) { return true }
        return changes >= known && changes - known > UInt64(Self.longestMemory) ? nil : false
    }

    mutating func countDown(_ step: UInt32, as change: UInt64) {
        count -= min(step, count)
        note(change)
    }

    /// Whether so many can be added: only above zero, and not beyond what can be counted.
    func canAdd(_ step: UInt32) -> Bool { count > 0 && Int(count) + Int(step) <= Self.highestCount }

    mutating func add(_ step: UInt32, as change: UInt64) {
        count += step
        note(change)
    }

    mutating func reset(as change: UInt64) {
        (count, round) = (initial, round &+ 1)
        note(change)
    }

    private mutating func note(_ change: UInt64) {
        changes += 1
        latest.append(change)
        if latest.count > Self.longestMemory { latest.removeFirst() }
    }
}

extension LatchState {
    var bytes: [UInt8] {
        var encoder = RegisterBytes(kind: Self.kind)
        encoder.append(initial)
        encoder.append(count)
        encoder.append(round)
        encoder.append(changes)
        for change in latest { encoder.append(change) }
        return encoder.bytes
    }

    /// Reads a value; `nil` where it is not a latch's.
    init?(_ bytes: [UInt8]) {
        guard var numbers = RegisterNumbers(bytes, kind: Self.kind), let initial = numbers.next(UInt32.self),
            let count = numbers.next(UInt32.self), let round = numbers.next(UInt32.self),
            let changes = numbers.next(UInt64.self)
        else { return nil }
        (self.initial, self.count, self.round, self.changes) = (initial, count, round, changes)
        while !numbers.isAtEnd {
            guard let change = numbers.next(UInt64.self) else { return nil }
            latest.append(change)
        }
    }
}
