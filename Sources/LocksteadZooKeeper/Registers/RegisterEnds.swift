import Lockstead

/// The values that were written here to be kept for a time, and when each ends.
struct RegisterEnds: Sendable {
    private var transactions: [String: Int64] = [:]
    private var due = DueTimes<String>()

    /// When the next one ends.
    var next: ContinuousTime? { mutating get { due.next } }

    /// A value was written, in place of what was there.
    mutating func set(_ path: String, written transaction: Int64, at moment: ContinuousTime) {
        transactions[path] = transaction
        due.plan(path, at: moment)
    }

    /// What was there was replaced or removed.
    mutating func forget(_ path: String) {
        transactions[path] = nil
        due.remove(path)
    }

    /// Takes out those that are over: the node, and the transaction that wrote it; a later one is left alone.
    mutating func take(at now: ContinuousTime) -> [(path: String, transaction: Int64)] {
        due.take(at: now).compactMap { path in transactions.removeValue(forKey: path).map { (path, $0) } }
    }
}
