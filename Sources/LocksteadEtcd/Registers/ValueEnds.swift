import Lockstead

/// The values that were written here to be kept for a time, and when each ends: one end for each key, however often it is written.
struct ValueEnds: Sendable {
    /// How a value ends.
    struct End: Sendable, Hashable {
        let key: KeyBytes
        /// When it was written: a later one is left alone.
        let revision: Int64
        /// What it lies on, and nothing else does.
        let lease: LeaseID
    }

    private var ends: [Int64: End] = [:]
    private var current: [KeyBytes: LeaseID] = [:]
    private var due = DueTimes<Int64>()

    var count: Int { ends.count }

    /// When the next one ends.
    var next: ContinuousTime? { mutating get { due.next } }

    /// A value was written, in place of what was there.
    mutating func set(_ end: End, at moment: ContinuousTime) {
        forget(end.key)
        (ends[end.lease.rawValue], current[end.key]) = (end, end.lease)
        due.plan(end.lease.rawValue, at: moment)
    }

    /// What was there was replaced or removed.
    mutating func forget(_ key: KeyBytes) {
        guard let lease = current.removeValue(forKey: key) else { return }
        ends[lease.rawValue] = nil
        due.remove(lease.rawValue)
    }

    /// Takes out those that are over.
    mutating func take(at now: ContinuousTime) -> [End] {
        due.take(at: now).compactMap { lease in
            guard let end = ends.removeValue(forKey: lease) else { return nil }
            current[end.key] = nil
            return end
        }
    }
}
