extension LockTable {
    /// Sums up the whole state: equal for equal tables, in every process, after every snapshot.
    ///
    /// A running sum of record hashes, so that it costs a command only what the command changed (RULES 25); or, where the table
    /// keeps none, summed up here.
    package var digest: UInt64 {
        var hash = RecordHash(kind: 1)
        hash.combine(logTime)
        hash.combine(nextTokenValue)
        hash.combine(nextArrival)
        hash.combine(recoveringUntil == nil ? 0 : 1 as UInt64)
        hash.combine(recoveringUntil ?? .zero)
        hash.combine(longestLease)
        hash.combine(UInt64(featureLevel))
        return hash.value &+ (keepsDigest ? recordSum : sumOfRecords()) &+ registerHeadHash
    }

    /// What `recordSum` is where it is kept.
    func sumOfRecords() -> UInt64 {
        var sum: UInt64 = 0
        for slot in sessionSlab.slots {
            sum &+= recordHash(sessionSlab[slot])
            for answer in sessionSlab[slot].answers { sum &+= recordHash(answer, of: sessionSlab[slot].id) }
        }
        for slot in holderSlab.slots { sum &+= recordHash(holderSlab[slot]) }
        for slot in waiterSlab.slots { sum &+= recordHash(waiterSlab[slot]) }
        for slot in registerSlab.slots { sum &+= recordHash(registerSlab[slot]) }
        return sum
    }

    // What a record adds to the running sum: nothing where none is kept.
    func hash(_ record: SessionRecord) -> UInt64 { keepsDigest ? recordHash(record) : 0 }
    func hash(_ record: HolderRecord) -> UInt64 { keepsDigest ? recordHash(record) : 0 }
    func hash(_ record: WaiterRecord) -> UInt64 { keepsDigest ? recordHash(record) : 0 }
    func hash(_ record: RegisterRecord) -> UInt64 { keepsDigest ? recordHash(record) : 0 }
    func hash(_ record: DedupRecord, of session: SessionID) -> UInt64 {
        keepsDigest ? recordHash(record, of: session) : 0
    }

    private func recordHash(_ record: SessionRecord) -> UInt64 {
        var hash = RecordHash(kind: 2)
        hash.combine(record.id)
        hash.combine(record.identity)
        hash.combine(record.timeToLive)
        hash.combine(record.generation)
        hash.combine(record.doneThrough)
        return hash.value
    }

    private func recordHash(_ record: HolderRecord) -> UInt64 {
        var hash = RecordHash(kind: 3)
        hash.combine(RecordHash.of(lockSlab[record.lock].name))
        if record.names.count > 1 { for name in record.names { hash.combine(name.text) } }
        hash.combine(record.sessionID)
        hash.combine(record.owner)
        hash.combine(record.request)
        hash.combine(record.mode)
        hash.combine(record.token.rawValue)
        hash.combine(UInt64(record.count) << 8 | UInt64(record.part))
        combine(record.phase, into: &hash)
        hash.combine(record.grantedAt)
        hash.combine(record.lockDelay)
        hash.combine(record.minimumHoldEnd)
        hash.combine(record.maximumHoldEnd)
        hash.combine(record.note)
        return hash.value
    }

    private func combine(_ phase: HolderPhase, into hash: inout RecordHash) {
        switch phase {
        case .held: hash.combine(UInt64(0))
        case .revoked(let until):
            hash.combine(UInt64(1))
            hash.combine(until)
        case .lockDelay(let until):
            hash.combine(UInt64(2))
            hash.combine(until)
        case .minimumHold(let until):
            hash.combine(UInt64(3))
            hash.combine(until)
        }
    }

    /// Waiting is the slow path, so the snapshot's own bytes serve: nothing can be forgotten here that is remembered there.
    private func recordHash(_ record: WaiterRecord) -> UInt64 {
        var encoder = SnapshotEncoder(capacity: 256)
        encoder.write(record)
        return RecordHash.of(encoder.bytes, kind: 4)
    }

    private func recordHash(_ record: DedupRecord, of session: SessionID) -> UInt64 {
        var encoder = SnapshotEncoder(capacity: 256)
        encoder.write(session)
        encoder.write(record)
        return RecordHash.of(encoder.bytes, kind: 5)
    }

    /// Changes a session and keeps the digest in step.
    mutating func change(_ slot: Slot<SessionRecord>, _ change: (inout SessionRecord) -> Void) {
        recordSum &-= hash(sessionSlab[slot])
        change(&sessionSlab[slot])
        recordSum &+= hash(sessionSlab[slot])
    }

    /// Changes a holder and keeps the digest in step.
    mutating func change(_ slot: Slot<HolderRecord>, _ change: (inout HolderRecord) -> Void) {
        recordSum &-= hash(holderSlab[slot])
        change(&holderSlab[slot])
        recordSum &+= hash(holderSlab[slot])
    }

    /// Changes a waiter and keeps the digest in step.
    mutating func change(_ slot: Slot<WaiterRecord>, _ change: (inout WaiterRecord) -> Void) {
        recordSum &-= hash(waiterSlab[slot])
        change(&waiterSlab[slot])
        recordSum &+= hash(waiterSlab[slot])
    }
}
