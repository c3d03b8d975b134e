extension LockTable {
    mutating func acquire(_ original: Command.Acquire, _ effects: inout [Effect]) -> Answer {
        guard let session = sessionIndex[original.session] else { return .refused(.unknownSession) }
        var command = original
        if command.names.count > 1 { command.names.sort() }
        guard command.dedup != nil else { return acquireOnce(command, session, &effects) }
        return once(session, command.dedup, fingerprint(of: command)) { table in
            table.acquireOnce(command, session, &effects)
        }
    }

    func fingerprint(of command: Command.Acquire) -> UInt64 {
        var hash = RecordHash(kind: 11)
        hash.combine(command.request)
        hash.combine(command.owner)
        for name in command.names { hash.combine(name.text) }
        hash.combine(command.mode)
        return hash.value
    }

    private mutating func acquireOnce(
        _ command: Command.Acquire, _ session: Slot<SessionRecord>, _ effects: inout [Effect]
    ) -> Answer {
        if let refusal = problem(with: command) { return .refused(refusal) }
        if let waiter = waiter(of: command) { return attach(command, to: waiter) }
        if let known = knownGrant(of: command) { return known }
        if let answer = enterAgain(command) { return answer }
        if let refusal = kindProblem(with: command) { return .refused(refusal) }
        guard sessionSlab[session].grantCount + sessionSlab[session].waiterCount < limits.grantsPerSession else {
            return .refused(.tooManyGrants)
        }
        if mayTakeAtOnce(command) { return grant(command, session, &effects) }
        if command.waitUntil.map({ $0 <= logTime }) ?? true {
            if let recoveringUntil { return .refused(.recovering(until: recoveringUntil)) }
            // No place in a queue would help who does not wait.
            guard isFree(command) else { return .busy }
        }
        return enqueue(command, session, &effects)
    }

    /// What is wrong with the request itself, whatever the table holds.
    func problem(with command: Command.Acquire) -> Refusal? {
        guard (1...Limits.namesPerRequest).contains(command.names.count), areDistinct(command.names) else {
            return .badNames
        }
        if case .permits(let count, let limit) = command.mode {
            guard (1...LockMode.maximumPermits).contains(limit), (1...limit).contains(count) else { return .badPermits }
        }
        let delays = TimeSpan.zero...Limits.longestDelay
        guard delays.contains(command.lockDelay), delays.contains(command.minimumHold),
            command.maximumHold.map({ $0 > .zero }) ?? true
        else { return .badTerms }
        guard command.note.byteCount <= HolderNote.maximumByteCount else { return .noteTooLong }
        return nextToken == nil ? .tokensExhausted : nil
    }

    /// Names are sorted, so that twins are neighbours.
    private func areDistinct(_ names: [LockName]) -> Bool {
        names.count == 1 || zip(names, names.dropFirst()).allSatisfy { $0 != $1 }
    }

    func waiter(of command: Command.Acquire) -> Slot<WaiterRecord>? {
        waiterIndex[RequestKey(session: command.session, request: command.request)]
    }

    /// A request issued again keeps its place (RULES 26).
    ///
    /// A later deadline counts from now on; an earlier one may be that of a late duplicate.
    private mutating func attach(_ command: Command.Acquire, to waiter: Slot<WaiterRecord>) -> Answer {
        let asked = waiterSlab[waiter].command
        guard asked.owner == command.owner, asked.names == command.names, asked.mode == command.mode else {
            return .refused(.requestReused)
        }
        if let deadline = command.waitUntil, deadline > waiterSlab[waiter].deadline {
            change(waiter) { $0.deadline = deadline }
            setTimer(waiter)
        }
        return .queued
    }

    /// A repeated request is told its grant again, as long as all of it is held.
    func knownGrant(of command: Command.Acquire) -> Answer? {
        guard let slot = grantIndex[RequestKey(session: command.session, request: command.request)] else { return nil }
        let grant = record(of: slot)
        let isWhole = grant.names.allSatisfy { isLive(grant.token, of: $0) }
        guard grant.owner == command.owner, grant.names == command.names, isWhole else {
            return .refused(.requestReused)
        }
        return .granted(grant)
    }

    private func kindProblem(with command: Command.Acquire) -> Refusal? {
        for name in command.names {
            if let slot = lockIndex[name], lockSlab[slot].kind != command.mode.kind {
                return .kindMismatch(lockSlab[slot].kind)
            }
        }
        return nil
    }

    /// All names are free and no one comes first: a fair request respects every waiter, a barging one only fair waiters.
    private func mayTakeAtOnce(_ command: Command.Acquire) -> Bool {
        guard recoveringUntil == nil else { return false }
        for (place, name) in command.names.enumerated() {
            if place > 0, makes(.onlyFirstNameChecked) { break }
            guard let slot = lockIndex[name] else { continue }
            guard isFree(lockSlab[slot], for: command.mode) else { return false }
            if lockSlab[slot].waiterCount > 0, !mayPassWaiters(command, of: lockSlab[slot]) { return false }
        }
        return true
    }

    private func isFree(_ command: Command.Acquire) -> Bool {
        command.names.allSatisfy { name in
            lockIndex[name].map { isFree(lockSlab[$0], for: command.mode) } ?? true
        }
    }

    private func mayPassWaiters(_ command: Command.Acquire, of lock: LockRecord) -> Bool {
        if makes(.readersOvertakeWriter), command.mode == .shared { return true }
        // An owner that waits elsewhere must not jump a queue: it could close a circle unseen.
        if command.fairness == .barging, lock.fairWaiters == 0 { return owners[command.owner]?.waiters.isEmpty ?? true }
        // Readers do not conflict with waiting readers, which wait for their other names.
        return command.mode == .shared && lock.exclusiveWaiters == 0
    }

    func isFree(_ lock: LockRecord, for mode: LockMode) -> Bool {
        switch mode {
        case .exclusive: lock.holderCount == 0
        case .shared: lock.exclusiveHolders == 0
        case .permits(let count, let limit): lock.permitsInUse + count <= limit
        }
    }
}
