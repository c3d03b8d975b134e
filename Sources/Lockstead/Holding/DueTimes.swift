import HeapModule
import LockCore

/// When which grant wants attention: a heap whose outdated entries are dropped when they surface.
struct DueTimes: Sendable {
    struct Entry: Sendable, Comparable {
        var due: ContinuousTime
        var id: RequestID
        var slack: TimeSpan
        static func < (left: Entry, right: Entry) -> Bool {
            left.due == right.due ? left.id < right.id : left.due < right.due
        }
        static func == (left: Entry, right: Entry) -> Bool { left.due == right.due && left.id == right.id }
    }

    private var heap = Heap<Entry>()
    private var current: [RequestID: ContinuousTime] = [:]

    var count: Int { current.count }

    /// The earliest due time.
    var next: ContinuousTime? {
        mutating get {
            dropOutdated()
            return heap.min?.due
        }
    }

    /// Plans one grant's next moment, in place of what was planned for it; `nil`: none.
    mutating func plan(_ id: RequestID, at due: ContinuousTime?, slack: TimeSpan = .zero) {
        guard let due else { return remove(id) }
        guard current.updateValue(due, forKey: id) != due else { return }
        heap.insert(Entry(due: due, id: id, slack: slack))
        compactIfSparse()
    }

    mutating func remove(_ id: RequestID) { current[id] = nil }

    /// Takes out what is due at `now`, and with it what may be brought forward to now.
    mutating func take(at now: ContinuousTime) -> [RequestID] {
        var taken: [RequestID] = []
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
