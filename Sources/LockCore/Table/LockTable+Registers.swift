extension LockTable {
    /// RULES 8: accepts a token that is not older than any the register has seen, and only then looks at the rest.
    mutating func store(_ command: Command.Store, _ effects: inout [Effect]) -> Answer {
        if let refusal = problem(with: command) { return .refused(refusal) }
        if let newest = newerToken(than: command) { return .register(.stale(newest: newest)) }
        let present = register(of: command.name)
        if isDone(command, present) {
            enter(command)
            return .register(.stored(register(of: command.name)))
        }
        if let after = command.after, after != present.revision, !makes(.registerIgnoresRevision) {
            return .register(.changed(present))
        }
        if let refusal = limitProblem(with: command, present) { return .refused(refusal) }
        enter(command)
        put(command, &effects)
        return .register(.stored(register(of: command.name)))
    }

    private func problem(with command: Command.Store) -> Refusal? {
        if case .value(let value, let span) = command.content {
            guard value.count <= Limits.registerBytes else { return .valueTooLong }
            guard span.map({ $0 > .zero }) ?? true else { return .badTerms }
        }
        // A token that no grant had would shut the register for good.
        return command.token.rawValue < nextTokenValue ? nil : .unknownToken
    }

    private func newerToken(than command: Command.Store) -> FencingToken? {
        if makes(.registerIgnoresToken) { return nil }
        if let slot = registerIndex[command.name] {
            let newest = registerSlab[slot].token
            return newest > command.token ? newest : nil
        }
        // Forgotten names share one memory. A live grant is never stale; of others only those above it surely are not.
        return command.token >= registerFloor || isLive(command.token, of: command.name) ? nil : registerFloor
    }

    /// A repetition, or an act that would change nothing.
    private func isDone(_ command: Command.Store, _ present: RegisterView) -> Bool {
        switch command.content {
        case .unchanged: command.after == nil
        case .nothing: present.value == nil
        case .value(let value, _): present.value == value && present.writer == command.token
        }
    }

    private func limitProblem(with command: Command.Store, _ present: RegisterView) -> Refusal? {
        guard case .value(let value, _) = command.content else { return nil }
        let isNew = present.value == nil
        let bytes = registerBytes + value.count - (present.value?.count ?? 0)
        if isNew, registerCount >= limits.registers { return .tooManyRegisters }
        return bytes <= max(limits.registerBytes, registerBytes) ? nil : .tooManyRegisters
    }

    /// Notes the token: from here on no older one is accepted.
    private mutating func enter(_ command: Command.Store) {
        if let slot = registerIndex[command.name] {
            change(slot) { $0.token = max($0.token, command.token) }
        } else if case .value = command.content {
            insertRegister(RegisterRecord(vacantUnder: command.token, name: command.name))
        } else if lockIndex[command.name] != nil {
            insertRegister(RegisterRecord(vacantUnder: command.token, name: command.name))
        } else {
            registerFloor = max(registerFloor, command.token)
        }
    }

    private mutating func put(_ command: Command.Store, _ effects: inout [Effect]) {
        guard let slot = registerIndex[command.name] else { return }
        switch command.content {
        case .unchanged: return
        case .nothing: empty(slot)
        case .value(let value, let span):
            let revision = RegisterRevision(rawValue: nextRevision)
            nextRevision += 1
            let until = span.map { logTime + $0 } ?? .distantFuture
            fill(slot, value, writer: command.token, revision, until: until)
        }
        effects.append(.registerChanged(registerEvent(command.name, command.token)))
        forgetRegisterIfUnused(command.name)
    }

    private func registerEvent(_ name: LockName, _ token: FencingToken) -> RegisterEvent {
        guard let lock = lockIndex[name], let slot = holder(in: lock, token), holderSlab[slot].isLive else {
            return RegisterEvent(name: name, token: token)
        }
        return RegisterEvent(name: name, token: token, holder: event(of: slot))
    }

    /// Its value has come to its end.
    mutating func registerIsDue(_ slot: Slot<RegisterRecord>, _ effects: inout [Effect]) {
        if makes(.registerOutlivesItsTime) { return }
        let record = registerSlab[slot]
        empty(slot)
        effects.append(.registerChanged(registerEvent(record.name, record.token)))
        forgetRegisterIfUnused(record.name)
    }

    /// A name that nobody holds or awaits has no live grant, so all its tokens are below the next one: what it saw goes into the floor.
    mutating func forgetRegisterIfUnused(_ name: LockName) {
        guard !registerIndex.isEmpty, let slot = registerIndex[name], registerSlab[slot].value == nil,
            lockIndex[name] == nil
        else { return }
        let record = registerSlab[slot]
        if !makes(.removalForgetsToken) { registerFloor = max(registerFloor, record.token) }
        recordSum &-= hash(record)
        registerIndex[name] = nil
        registerSlab.remove(slot)
    }

    /// One register; without a value where the name has none.
    package func register(of name: LockName) -> RegisterView {
        guard let slot = registerIndex[name] else { return RegisterView() }
        let record = registerSlab[slot]
        guard let value = record.value else { return RegisterView(token: record.token) }
        return RegisterView(
            value: value, token: record.token, writer: record.writer, revision: record.revision,
            until: record.until < .distantFuture ? record.until : nil)
    }

    /// How many registers hold a value.
    package var registersInUse: Int { registerCount }
}

// MARK: Records

extension LockTable {
    mutating func insertRegister(_ record: RegisterRecord) {
        let slot = registerSlab.insert(record)
        registerIndex[record.name] = slot
        recordSum &+= hash(record)
        count(record, by: 1)
        setTimer(slot)
    }

    private mutating func fill(
        _ slot: Slot<RegisterRecord>, _ value: [UInt8], writer: FencingToken, _ revision: RegisterRevision,
        until: LogTime
    ) {
        change(slot) { record in
            (record.value, record.writer, record.revision, record.until) = (value, writer, revision, until)
        }
        setTimer(slot)
    }

    private mutating func empty(_ slot: Slot<RegisterRecord>) {
        change(slot) { record in
            (record.value, record.writer) = (nil, FencingToken(rawValue: 0))
            (record.revision, record.until) = (.vacant, .distantFuture)
        }
    }

    /// Changes a register and keeps digest and counts in step.
    private mutating func change(_ slot: Slot<RegisterRecord>, _ change: (inout RegisterRecord) -> Void) {
        recordSum &-= hash(registerSlab[slot])
        count(registerSlab[slot], by: -1)
        change(&registerSlab[slot])
        count(registerSlab[slot], by: 1)
        recordSum &+= hash(registerSlab[slot])
    }

    private mutating func count(_ record: RegisterRecord, by step: Int) {
        guard let value = record.value else { return }
        registerCount += step
        registerBytes += step * value.count
    }

    func recordHash(_ record: RegisterRecord) -> UInt64 {
        var encoder = SnapshotEncoder()
        encoder.write(record)
        return RecordHash.of(encoder.bytes, kind: 6)
    }

    /// Nothing where there never was a register, so that tables of the time before have the digest they had.
    var registerHeadHash: UInt64 {
        guard registerFloor.rawValue > 0 || nextRevision > 1 else { return 0 }
        var hash = RecordHash(kind: 7)
        hash.combine(registerFloor.rawValue)
        hash.combine(nextRevision)
        return hash.value
    }
}

extension RegisterRecord {
    init(vacantUnder token: FencingToken, name: LockName) {
        self.init(
            name: name, token: token, writer: FencingToken(rawValue: 0), value: nil, revision: .vacant,
            until: .distantFuture)
    }
}
