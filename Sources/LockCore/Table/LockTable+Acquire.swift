extension LockTable {
    mutating func acquire(_ command: Command.Acquire, _ effects: inout [Effect]) -> Answer {
        guard let session = sessionIndex[command.session] else { return .refused(.unknownSession) }
        guard command.dedup != nil else { return acquireOnce(command, session, &effects) }
        return once(session, command.dedup, fingerprint(of: command)) { table in
            table.acquireOnce(command, session, &effects)
        }
    }

    private func fingerprint(of command: Command.Acquire) -> UInt64 {
        var hash = RecordHash(kind: 11)
        hash.combine(command.request)
        hash.combine(command.owner)
        for name in command.names { hash.combine(name.text) }
        hash.combine(command.mode)
        return hash.value
    }

    private mutating func acquireOnce(
        _ original: Command.Acquire, _ session: Slot<SessionRecord>, _ effects: inout [Effect]
    ) -> Answer {
        var command = original
        if command.names.count > 1 { command.names.sort() }
        if let refusal = problem(with: command) { return .refused(refusal) }
        if let known = knownAnswer(to: command) { return known }
        if let answer = enterAgain(command) { return answer }
        if let refusal = kindProblem(with: command) { return .refused(refusal) }
        guard sessionSlab[session].grantCount + sessionSlab[session].waiterCount < limits.grantsPerSession else {
            return .refused(.tooManyGrants)
        }
        if mayTakeAtOnce(command) { return grant(command, session, &effects) }
        if let recoveringUntil, command.waitUntil == nil { return .refused(.recovering(until: recoveringUntil)) }
        return enqueue(command, session, &effects)
    }

    /// What is wrong with the request itself, whatever the table holds.
    func problem(with command: Command.Acquire) -> Refusal? {
        guard (1...Limits.namesPerRequest).contains(command.names.count),
            zip(command.names, command.names.dropFirst()).allSatisfy({ $0 != $1 })
        else { return .badNames }
        if case .permits(let count, let limit) = command.mode {
            guard (1...LockMode.maximumPermits).contains(limit), (1...limit).contains(count) else { return .badPermits }
        }
        guard command.lockDelay >= .zero, command.minimumHold >= .zero, command.maximumHold.map({ $0 > .zero }) ?? true
        else { return .badTerms }
        guard command.note.byteCount <= HolderNote.maximumByteCount else { return .noteTooLong }
        return nextToken == nil ? .tokensExhausted : nil
    }

    /// A repeated request attaches to its waiter or is told its grant again.
    func knownAnswer(to command: Command.Acquire) -> Answer? {
        if waiterIndex[RequestKey(session: command.session, request: command.request)] != nil { return .queued }
        var cursor = owners[command.owner]?.holders.first
        while let slot = cursor {
            let holder = holderSlab[slot]
            if holder.request == command.request, holder.sessionID == command.session {
                return holder.names == command.names ? .granted(record(of: slot)) : .refused(.requestReused)
            }
            cursor = holder.ofOwner.next
        }
        return nil
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
