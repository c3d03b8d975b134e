extension SnapshotEncoder {
    mutating func write(_ mode: LockMode) {
        switch mode {
        case .exclusive: write(UInt8(0))
        case .shared: write(UInt8(1))
        case .permits(let count, let limit):
            write(UInt8(2))
            write(UInt32(clamping: count))
            write(UInt32(clamping: limit))
        }
    }

    mutating func write(_ phase: HolderPhase) {
        switch phase {
        case .held: write(UInt8(0))
        case .revoked(let until):
            write(UInt8(1))
            write(until)
        case .lockDelay(let until):
            write(UInt8(2))
            write(until)
        case .minimumHold(let until):
            write(UInt8(3))
            write(until)
        }
    }

    mutating func write(_ note: HolderNote) {
        write(note.host)
        write(note.processID)
        write(note.purpose)
        write(note.traceID)
    }

    mutating func write(_ dedup: Dedup) {
        write(dedup.sequence)
        write(dedup.doneThrough)
    }

    mutating func write(_ record: GrantRecord) {
        write(record.session)
        write(record.request)
        write(record.owner)
        write(record.names) { $0.write($1.text) }
        write(record.mode)
        write(record.token)
        write(record.count)
        write(record.grantedAt)
        write(record.maximumHoldEnd) { $0.write($1) }
        write(record.note)
    }

    mutating func write(_ command: Command.Acquire) {
        write(command.session)
        write(command.request)
        write(command.owner)
        write(command.names) { $0.write($1.text) }
        write(command.mode)
        write(command.waitUntil) { $0.write($1) }
        write(UInt8(command.fairness == .fair ? 0 : 1))
        write(command.priority)
        write(command.ifOwned.rawValue)
        write(command.lockDelay)
        write(command.minimumHold)
        write(command.maximumHold) { $0.write($1) }
        write(command.note)
        write(command.dedup) { $0.write($1) }
    }
}

extension SnapshotDecoder {
    mutating func readMode() throws(SnapshotError) -> LockMode {
        switch try read(UInt8.self) {
        case 0: return .exclusive
        case 1: return .shared
        case 2:
            let (count, limit) = (Int(try read(UInt32.self)), Int(try read(UInt32.self)))
            guard (1...LockMode.maximumPermits).contains(limit), (1...limit).contains(count) else {
                throw .inconsistent("\(count) of \(limit) permits")
            }
            return .permits(count: count, limit: limit)
        default: throw .inconsistent("an unknown mode")
        }
    }

    mutating func readPhase() throws(SnapshotError) -> HolderPhase {
        switch try read(UInt8.self) {
        case 0: .held
        case 1: .revoked(until: try readTime())
        case 2: .lockDelay(until: try readTime())
        case 3: .minimumHold(until: try readTime())
        default: throw .inconsistent("an unknown phase")
        }
    }

    mutating func readNote() throws(SnapshotError) -> HolderNote {
        let most = HolderNote.maximumByteCount
        let note = HolderNote(
            host: try readText(atMost: most), processID: try read(), purpose: try readText(atMost: most),
            traceID: try readText(atMost: most))
        guard note.byteCount <= most else { throw .inconsistent("a note is too long") }
        return note
    }

    mutating func readDedup() throws(SnapshotError) -> Dedup { Dedup(sequence: try read(), doneThrough: try read()) }

    mutating func readToken() throws(SnapshotError) -> FencingToken {
        let token = FencingToken(rawValue: try read())
        guard token <= .maximum else { throw .inconsistent("a token above the highest") }
        return token
    }

    mutating func readNames() throws(SnapshotError) -> [LockName] {
        let names = try readList(atMost: Limits.namesPerRequest) { (decoder) throws(SnapshotError) in
            try decoder.readName()
        }
        guard !names.isEmpty, zip(names, names.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .inconsistent("a request's names are missing or not in order")
        }
        return names
    }

    mutating func readGrant() throws(SnapshotError) -> GrantRecord {
        GrantRecord(
            session: try readIdentifier(), request: try readIdentifier(), owner: try readIdentifier(),
            names: try readNames(), mode: try readMode(), token: try readToken(), count: try read(),
            grantedAt: try readTime(),
            maximumHoldEnd: try readOptional { (decoder) throws(SnapshotError) in try decoder.readTime() },
            note: try readNote())
    }

    mutating func readAcquire() throws(SnapshotError) -> Command.Acquire {
        Command.Acquire(
            session: try readIdentifier(), request: try readIdentifier(), owner: try readIdentifier(),
            names: try readNames(), mode: try readMode(),
            waitUntil: try readOptional { (decoder) throws(SnapshotError) in try decoder.readTime() },
            fairness: try readFlag() ? .barging : .fair, priority: try read(), ifOwned: try readIfOwned(),
            lockDelay: try readNonNegativeSpan(), minimumHold: try readNonNegativeSpan(),
            maximumHold: try readOptional { (decoder) throws(SnapshotError) in try decoder.readMaximumHold() },
            note: try readNote(), dedup: try readOptional { (decoder) throws(SnapshotError) in try decoder.readDedup() }
        )
    }

    /// A grant that ends as it begins is none, and a waiter would become one.
    private mutating func readMaximumHold() throws(SnapshotError) -> TimeSpan {
        let span = try readSpan()
        guard span > .zero else { throw .inconsistent("a cap on the hold that allows none") }
        return span
    }

    mutating func readNonNegativeSpan() throws(SnapshotError) -> TimeSpan {
        let span = try readSpan()
        guard span >= .zero else { throw .inconsistent("a negative length of time") }
        return span
    }

    private mutating func readIfOwned() throws(SnapshotError) -> Command.IfOwned {
        guard let value = Command.IfOwned(rawValue: try read()) else {
            throw .inconsistent("an unknown way to re-enter")
        }
        return value
    }
}
