extension LockTable {
    mutating func readHolders(_ decoder: inout SnapshotDecoder) throws(SnapshotError) {
        let count = try decoder.read(UInt32.self)
        var last: (UInt64, UInt8)?
        for _ in 0..<count {
            let record = try readHolder(&decoder)
            let place = (record.token.rawValue, record.part)
            if let last, last >= place { throw .inconsistent("holders out of order") }
            last = place
            insertHolder(record)
        }
    }

    private mutating func readHolder(_ decoder: inout SnapshotDecoder) throws(SnapshotError) -> HolderRecord {
        let (sessionID, owner) = (try decoder.readIdentifier(SessionID.self), try decoder.readIdentifier(OwnerID.self))
        let request = try decoder.readIdentifier(RequestID.self)
        let names = try decoder.readNames()
        let part = try decoder.read(UInt8.self)
        guard Int(part) < names.count else { throw .inconsistent("a part beyond its names") }
        let mode = try decoder.readMode()
        var record = HolderRecord(
            lock: try lockForRestore(names[Int(part)], mode.kind), session: nil, sessionID: sessionID, owner: owner,
            request: request, names: names, part: part, mode: mode, token: try decoder.readToken(),
            count: try decoder.read(), phase: try decoder.readPhase(), grantedAt: try decoder.readTime(),
            lockDelay: try decoder.readNonNegativeSpan(), minimumHoldEnd: try decoder.readTime(),
            maximumHoldEnd: try decoder.readTime(), note: try decoder.readNote())
        guard record.count > 0 else { throw .inconsistent("a grant entered no times") }
        if record.isLive {
            guard let session = sessionIndex[sessionID] else { throw .inconsistent("a holder without its session") }
            record.session = session
        }
        return record
    }

    /// Later records must agree with the first on the kind of lock, and an impossible holder must not enter: one exclusive at most.
    private mutating func lockForRestore(_ name: LockName, _ kind: LockKind) throws(SnapshotError) -> Slot<LockRecord> {
        let slot = lock(named: name, kind: kind)
        guard lockSlab[slot].kind == kind else { throw .inconsistent("one name of two kinds") }
        return slot
    }

    mutating func readWaiters(_ decoder: inout SnapshotDecoder) throws(SnapshotError) {
        let count = try decoder.read(UInt32.self)
        var last: UInt64 = 0
        for _ in 0..<count {
            let record = try readWaiter(&decoder)
            guard record.arrival > last, record.arrival < nextArrival else {
                throw .inconsistent("waiters out of order")
            }
            last = record.arrival
            _ = insertWaiter(record)
        }
    }

    private mutating func readWaiter(_ decoder: inout SnapshotDecoder) throws(SnapshotError) -> WaiterRecord {
        let command = try decoder.readAcquire()
        guard let session = sessionIndex[command.session] else { throw .inconsistent("a waiter without its session") }
        let key = RequestKey(session: command.session, request: command.request)
        guard waiterIndex[key] == nil else { throw .inconsistent("a request waits twice") }
        for name in command.names { _ = try lockForRestore(name, command.mode.kind) }
        return WaiterRecord(
            session: session, command: command, deadline: try decoder.readTime(), since: try decoder.readTime(),
            priority: try decoder.read(), arrival: try decoder.read(), overtaken: try decoder.read())
    }
}
