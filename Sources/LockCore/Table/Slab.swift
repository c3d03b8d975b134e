/// A record that a `Slab` can keep a place for.
package protocol SlabRecord: Sendable {
    /// Lets go of all storage; nobody reads the rest any more.
    mutating func vacate()
}

/// A place in a `Slab`, typed by what lies there.
package struct Slot<Record: SlabRecord>: Sendable, Hashable {
    fileprivate let index: Int32

    /// For records that lie nowhere; reaching for it traps.
    package static var nowhere: Slot { Slot(index: -1) }

    /// For hashing.
    var flatWord: UInt64 { UInt64(truncatingIfNeeded: index) }
}

/// Records at places that stay put, so that lists can be threaded through them: adding, removing and reaching one is O(1).
///
/// The order of places carries no meaning: it differs between a table that lived on and one restored from a snapshot.
package struct Slab<Record: SlabRecord>: Sendable {
    private struct Place: Sendable {
        var record: Record
        /// The next empty place where this one is empty.
        var next: Int32
    }

    private static var occupied: Int32 { -2 }
    private static var none: Int32 { -1 }

    private var places: [Place] = []
    private var firstVacancy = Self.none
    package private(set) var count = 0

    package init() {}

    package mutating func insert(_ record: consuming Record) -> Slot<Record> {
        count += 1
        let index = firstVacancy
        guard index != Self.none else {
            places.append(Place(record: record, next: Self.occupied))
            return Slot(index: Int32(places.count - 1))
        }
        firstVacancy = places[Int(index)].next
        places[Int(index)] = Place(record: record, next: Self.occupied)
        return Slot(index: index)
    }

    /// Occupies an empty place for a caller who overwrites all that lies there: a record that is made first costs two copies.
    ///
    /// - Returns: The place, or `nil` where none is empty.
    mutating func reoccupy() -> Slot<Record>? {
        let index = firstVacancy
        guard index != Self.none else { return nil }
        firstVacancy = places[Int(index)].next
        places[Int(index)].next = Self.occupied
        count += 1
        return Slot(index: index)
    }

    package mutating func remove(_ slot: Slot<Record>) {
        Self.clear(&places[Int(slot.index)], next: firstVacancy)
        firstVacancy = slot.index
        count -= 1
    }

    private static func clear(_ place: inout Place, next: Int32) {
        precondition(place.next == occupied, "an empty place was removed")
        place.record.vacate()
        place.next = next
    }

    package func contains(_ slot: Slot<Record>) -> Bool {
        places.indices.contains(Int(slot.index)) && places[Int(slot.index)].next == Self.occupied
    }

    package subscript(slot: Slot<Record>) -> Record {
        _read { yield places[Int(slot.index)].record }
        _modify { yield &places[Int(slot.index)].record }
    }

    /// All occupied places, in no meaningful order.
    package var slots: [Slot<Record>] {
        var found: [Slot<Record>] = []
        found.reserveCapacity(count)
        for index in places.indices where places[index].next == Self.occupied {
            found.append(Slot(index: Int32(index)))
        }
        return found
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
