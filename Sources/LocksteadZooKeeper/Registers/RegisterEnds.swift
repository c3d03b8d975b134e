import Lockstead

/// The values that were written here to be kept for a time, and when each ends.
struct RegisterEnds: Sendable {
    private var versions: [String: Int32] = [:]
    private var due = DueTimes<String>()

    /// When the next one ends.
    var next: ContinuousTime? { mutating get { due.next } }

    /// A value was written, in place of what was there.
    mutating func set(_ path: String, version: Int32, at moment: ContinuousTime) {
        versions[path] = version
        due.plan(path, at: moment)
    }

    /// What was there was replaced or removed.
    mutating func forget(_ path: String) {
        versions[path] = nil
        due.remove(path)
    }

    /// Takes out those that are over: the node, and which writing of it; a later one is left alone.
    mutating func take(at now: ContinuousTime) -> [(path: String, version: Int32)] {
        due.take(at: now).compactMap { path in versions.removeValue(forKey: path).map { (path, $0) } }
    }
}
