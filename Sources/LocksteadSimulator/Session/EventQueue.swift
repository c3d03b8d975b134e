internal import HeapModule

/// What will happen, by time: events of one moment happen in the order in which they were planned.
struct EventQueue<Event> {
    private struct Due: Comparable {
        var time: Int64
        var order: UInt64
        var place: Int
        static func < (left: Due, right: Due) -> Bool { (left.time, left.order) < (right.time, right.order) }
        static func == (left: Due, right: Due) -> Bool { left.order == right.order }
    }

    private var dues = Heap<Due>()
    private var events: [Event?] = []
    private var vacant: [Int] = []
    private var planned: UInt64 = 0

    mutating func plan(_ event: Event, at time: Int64) {
        planned += 1
        if let place = vacant.popLast() {
            events[place] = event
            dues.insert(Due(time: time, order: planned, place: place))
        } else {
            events.append(event)
            dues.insert(Due(time: time, order: planned, place: events.count - 1))
        }
    }

    mutating func next() -> (time: Int64, event: Event)? {
        guard let due = dues.popMin(), let event = events[due.place] else { return nil }
        events[due.place] = nil
        vacant.append(due.place)
        return (due.time, event)
    }
}
