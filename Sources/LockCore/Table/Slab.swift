/// A record that a `Slab` can keep a place for.
package protocol SlabRecord: Sendable {
    /// What lies in an empty place; holds no storage of its own.
    static var vacant: Self { get }
}

/// A place in a `Slab`, typed by what lies there.
package struct Slot<Record: SlabRecord>: Sendable, Hashable {
    fileprivate let index: Int32

    /// For records that lie nowhere; reaching for it traps.
    package static var nowhere: Slot { Slot(index: -1) }
}

/// Records at places that stay put, so that lists can be threaded through them: adding, removing and reaching one is O(1).
///
/// The order of places carries no meaning: it differs between a table that lived on and one restored from a snapshot.
package struct Slab<Record: SlabRecord>: Sendable {
    private var records: [Record] = []
    private var occupied: [Bool] = []
    private var vacancies: [Int32] = []

    package var count: Int { records.count - vacancies.count }

    package init() {}

    package mutating func insert(_ record: Record) -> Slot<Record> {
        if let index = vacancies.popLast() {
            records[Int(index)] = record
            occupied[Int(index)] = true
            return Slot(index: index)
        }
        records.append(record)
        occupied.append(true)
        return Slot(index: Int32(records.count - 1))
    }

    package mutating func remove(_ slot: Slot<Record>) {
        precondition(occupied[Int(slot.index)], "an empty place was removed")
        records[Int(slot.index)] = .vacant
        occupied[Int(slot.index)] = false
        vacancies.append(slot.index)
    }

    package func contains(_ slot: Slot<Record>) -> Bool {
        occupied.indices.contains(Int(slot.index)) && occupied[Int(slot.index)]
    }

    package subscript(slot: Slot<Record>) -> Record {
        _read { yield records[Int(slot.index)] }
        _modify { yield &records[Int(slot.index)] }
    }

    /// All occupied places, in no meaningful order.
    package var slots: [Slot<Record>] {
        occupied.indices.filter { occupied[$0] }.map { Slot(index: Int32($0)) }
    }
}

/// The ends of a list threaded through the records of a slab.
package struct ListEnds<Record: SlabRecord>: Sendable {
    package var first: Slot<Record>?
    package var last: Slot<Record>?
    package var isEmpty: Bool { first == nil }
    package init() {}
}

/// A record's neighbours in one such list.
package struct ListLinks<Record: SlabRecord>: Sendable {
    package var previous: Slot<Record>?
    package var next: Slot<Record>?
    package init() {}
}

/// Which of a record's links a list runs through.
///
/// A type and not a key path: these are the innermost loops.
package protocol ListAxis<Record> {
    associatedtype Record: SlabRecord
    static func links(of record: Record) -> ListLinks<Record>
    static func update(_ record: inout Record, _ change: (inout ListLinks<Record>) -> Void)
}

extension Slab {
    package func next<Axis: ListAxis<Record>>(after slot: Slot<Record>, _ axis: Axis.Type) -> Slot<Record>? {
        axis.links(of: self[slot]).next
    }

    package func previous<Axis: ListAxis<Record>>(before slot: Slot<Record>, _ axis: Axis.Type) -> Slot<Record>? {
        axis.links(of: self[slot]).previous
    }

    package mutating func append<Axis: ListAxis<Record>>(
        _ slot: Slot<Record>, to ends: inout ListEnds<Record>, _ axis: Axis.Type
    ) {
        insert(slot, after: ends.last, in: &ends, axis)
    }

    /// `nil` for the neighbour means: at the front.
    package mutating func insert<Axis: ListAxis<Record>>(
        _ slot: Slot<Record>, after neighbour: Slot<Record>?, in ends: inout ListEnds<Record>, _ axis: Axis.Type
    ) {
        let following = neighbour.map { next(after: $0, axis) } ?? ends.first
        axis.update(&self[slot]) { ($0.previous, $0.next) = (neighbour, following) }
        if let neighbour { axis.update(&self[neighbour]) { $0.next = slot } } else { ends.first = slot }
        if let following { axis.update(&self[following]) { $0.previous = slot } } else { ends.last = slot }
    }

    package mutating func unlink<Axis: ListAxis<Record>>(
        _ slot: Slot<Record>, from ends: inout ListEnds<Record>, _ axis: Axis.Type
    ) {
        let own = axis.links(of: self[slot])
        if let previous = own.previous {
            axis.update(&self[previous]) { $0.next = own.next }
        } else {
            ends.first = own.next
        }
        if let next = own.next {
            axis.update(&self[next]) { $0.previous = own.previous }
        } else {
            ends.last = own.previous
        }
        axis.update(&self[slot]) { $0 = ListLinks() }
    }

    package func list<Axis: ListAxis<Record>>(_ ends: ListEnds<Record>, _ axis: Axis.Type) -> [Slot<Record>] {
        var found: [Slot<Record>] = []
        var cursor = ends.first
        while let slot = cursor {
            found.append(slot)
            cursor = next(after: slot, axis)
        }
        return found
    }
}
