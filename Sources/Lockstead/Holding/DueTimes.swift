internal import HeapModule
package import LockCore

/// When which grant, or whatever else has an end, wants attention: a heap whose outdated entries are dropped when they surface.
package struct DueTimes<ID: Hashable & Comparable & Sendable>: Sendable {
    private struct Entry: Sendable, Comparable {
        var due: ContinuousTime
        var id: ID
        var slack: TimeSpan
        static func < (left: Entry, right: Entry) -> Bool {
            left.due == right.due ? left.id < right.id : left.due < right.due
        }
        static func == (left: Entry, right: Entry) -> Bool { left.due == right.due && left.id == right.id }
    }

    private var heap = Heap<Entry>()
    private var current: [ID: ContinuousTime] = [:]

    package init() {}

    package var count: Int { current.count }

    /// The earliest due time.
    package var next: ContinuousTime? {
        mutating get {
            dropOutdated()
            return heap.min?.due
        }
    }

    /// Plans one grant's next moment, in place of what was planned for it; `nil`: none.
    package mutating func plan(_ id: ID, at due: ContinuousTime?, slack: TimeSpan = .zero) {
        guard let due else { return remove(id) }
        guard current.updateValue(due, forKey: id) != due else { return }
        heap.insert(Entry(due: due, id: id, slack: slack))
        compactIfSparse()
    }

    package mutating func remove(_ id: ID) { current[id] = nil }

    /// Takes out what is due at `now`, and with it what may be brought forward to now.
    package mutating func take(at now: ContinuousTime) -> [ID] {
        var taken: [ID] = []
        while let entry = heap.min {
            if current[entry.id] == entry.due {
                // Without anything due, nothing is brought forward: the slack only fills a batch that goes anyway.
                guard entry.due <= now || (!taken.isEmpty && entry.due <= now + entry.slack) else { break }
                current[entry.id] = nil
                taken.append(entry.id)
            }
            heap.removeMin()
        }
        return taken
    }

    private mutating func dropOutdated() {
        while let entry = heap.min, current[entry.id] != entry.due { heap.removeMin() }
    }

    /// Short holds leave entries behind that are due much later; they must not pile up.
    private mutating func compactIfSparse() {
        guard heap.count > 2 * current.count + 64 else { return }
        heap = Heap(heap.unordered.filter { current[$0.id] == $0.due })
    }
}
