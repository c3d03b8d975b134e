internal import LockCore

extension NameState {
    /// The state as a slot's body.
    package var encoded: [UInt8] {
        encoded(isNameless: false)
    }

    /// As repair writes it, which may know only the hash of the name.
    func encoded(isNameless: Bool) -> [UInt8] {
        var writer = RecordWriter()
        writer.write(isNameless ? "" : name.text)
        writer.write(boot.high)
        writer.write(boot.low)
        writer.write(offset)
        writer.write(graceUntil) { $0.write($1.nanoseconds) }
        writer.write(entries) { $0.write($1) }
        writer.write(journal.nextNumber)
        writer.write(journal.entries) { $0.write($1) }
        writer.write(table.encoded())
        return writer.bytes
    }

    /// Reads a slot's body; what is not sound throughout is refused.
    ///
    /// - Parameters:
    ///   - bytes: The body.
    ///   - name: Whom a nameless state belongs to: repair cannot tell a name from its hash, but who asks for it can.
    /// - Throws: `RecordError` where the body is not one that this version wrote.
    package init(decoding bytes: [UInt8], adopting name: LockName? = nil) throws(RecordError) {
        var reader = RecordReader(bytes)
        let name = try reader.readName(orAdopt: name)
        let boot = BootIdentity(high: try reader.read(), low: try reader.read())
        let offset = try reader.read(Int64.self)
        let grace = try reader.readOptional { (reader) throws(RecordError) in LogTime(nanoseconds: try reader.read()) }
        let entries = try reader.readArray { (reader) throws(RecordError) in try reader.readEntry() }
        let nextNumber = try reader.read(UInt64.self)
        let changes = try reader.readArray { (reader) throws(RecordError) in try reader.readChange(of: name) }
        let table = try reader.readTable()
        try reader.finish()
        guard entries.map(\.session).sorted() == table.sessions.map(\.id) else {
            throw RecordError("its sessions do not match")
        }
        self.init(
            name: name, boot: boot, offset: offset, graceUntil: grace, entries: entries, table: table,
            journal: ChangeJournal(entries: changes, nextNumber: nextNumber))
    }
}

extension RecordWriter {
    fileprivate mutating func write(_ entry: SessionEntry) {
        write(entry.session.high)
        write(entry.session.low)
        write(entry.processID)
        write(entry.lease.nanoseconds)
        write(entry.validUntil.nanoseconds)
        write(UInt8(entry.isOrphaned ? 1 : 0))
        write(entry.revocation) { $0.write($1) }
    }

    fileprivate mutating func write(_ entry: ChangeJournal.Entry) {
        write(entry.number)
        write(entry.change.kind.rawValue)
        write(entry.change.token) { $0.write($1.rawValue) }
        write(entry.change.owner.high)
        write(entry.change.owner.low)
        write(entry.change.mode)
        write(entry.change.note.host)
        write(entry.change.note.processID)
        write(entry.change.note.purpose)
        write(entry.change.note.traceID)
    }

    private mutating func write(_ mode: LockMode) {
        switch mode {
        case .exclusive: write(UInt8(0))
        case .shared: write(UInt8(1))
        case .permits(let count, let limit):
            write(UInt8(2))
            write(UInt32(clamping: count))
            write(UInt32(clamping: limit))
        }
    }
}

extension RecordReader {
    fileprivate mutating func readName(orAdopt name: LockName?) throws(RecordError) -> LockName {
        let text = try readText()
        if text.isEmpty, let name { return name }
        do { return try LockName(text) } catch { throw RecordError("it names no lock") }
    }

    fileprivate mutating func readEntry() throws(RecordError) -> SessionEntry {
        var entry = SessionEntry(
            session: SessionID(high: try read(), low: try read()), processID: try read(),
            lease: TimeSpan(nanoseconds: try read()), validUntil: ContinuousTime(nanoseconds: try read()))
        entry.isOrphaned = try read(UInt8.self) != 0
        entry.revocation = try readOptional { (reader) throws(RecordError) in try reader.readText() }
        return entry
    }

    fileprivate mutating func readChange(of name: LockName) throws(RecordError) -> ChangeJournal.Entry {
        let number = try read(UInt64.self)
        guard let kind = LockChange.Kind(rawValue: try readText()) else {
            throw RecordError("it tells an unknown change")
        }
        let token = try readOptional { (reader) throws(RecordError) in FencingToken(rawValue: try reader.read()) }
        let owner = OwnerID(high: try read(), low: try read())
        let mode = try readMode()
        let note = HolderNote(
            host: try readText(), processID: try read(), purpose: try readText(), traceID: try readText())
        return ChangeJournal.Entry(
            number: number,
            change: LockChange(name: name, kind: kind, token: token, owner: owner, mode: mode, note: note))
    }

    private mutating func readMode() throws(RecordError) -> LockMode {
        switch try read(UInt8.self) {
        case 0: .exclusive
        case 1: .shared
        case 2: .permits(count: Int(try read(UInt32.self)), limit: Int(try read(UInt32.self)))
        default: throw RecordError("it holds an unknown mode")
        }
    }

    fileprivate mutating func readTable() throws(RecordError) -> LockTable {
        let bytes = try readBytes()
        do { return try LockTable(decoding: bytes) } catch { throw RecordError("its table is unsound: \(error)") }
    }
}
