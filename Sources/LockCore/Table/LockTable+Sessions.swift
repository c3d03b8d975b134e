extension LockTable {
    mutating func openSession(_ command: Command.OpenSession) -> Answer {
        if let slot = sessionIndex[command.session] {
            let record = sessionSlab[slot]
            guard record.identity == command.identity else { return .refused(.sessionBoundToAnother) }
            return .session(generation: record.generation)
        }
        guard command.timeToLive > .zero, command.timeToLive <= longestLease,
            command.identity.utf8.count <= Limits.identityBytes
        else { return .refused(.badLease) }
        guard sessionsOfIdentity[command.identity, default: 0] < limits.sessionsPerIdentity else {
            return .refused(.tooManySessions)
        }
        insertSession(
            SessionRecord(id: command.session, identity: command.identity, timeToLive: command.timeToLive))
        return .session(generation: 0)
    }

    @discardableResult
    mutating func insertSession(_ record: SessionRecord) -> Slot<SessionRecord> {
        let slot = sessionSlab.insert(record)
        sessionIndex[record.id] = slot
        sessionsOfIdentity[record.identity, default: 0] += 1
        recordSum &+= hash(record)
        return slot
    }

    mutating func renew(_ session: SessionID, _ dedup: Dedup?) -> Answer {
        guard let slot = sessionIndex[session] else { return .refused(.unknownSession) }
        var fingerprint = RecordHash(kind: 10)
        fingerprint.combine(session)
        return once(slot, dedup, fingerprint.value) { table in
            table.change(slot) { $0.generation += 1 }
            return .session(generation: table.sessionSlab[slot].generation)
        }
    }

    /// A clean end: what it holds is released, without lock-delay (S10).
    mutating func closeSession(_ session: SessionID, _ effects: inout [Effect]) -> Answer {
        guard let slot = sessionIndex[session] else { return .refused(.unknownSession) }
        endWaits(of: slot, .cancelled, &effects)
        for holder in holderSlab.list(sessionSlab[slot].holders, HolderRecord.InSession.self) {
            giveBack(holder, &effects)
        }
        removeSession(slot)
        return .done
    }

    /// S4: an expiry names the generation it saw, and does nothing if the session was renewed since.
    mutating func expire(_ session: SessionID, generation: UInt64, _ effects: inout [Effect]) -> Answer {
        guard let slot = sessionIndex[session] else { return .refused(.unknownSession) }
        let present = sessionSlab[slot].generation
        guard present == generation || makes(.expiryIgnoresGeneration) else { return .session(generation: present) }
        loseSession(slot, &effects)
        return .done
    }

    mutating func loseSession(_ slot: Slot<SessionRecord>, _ effects: inout [Effect]) {
        endWaits(of: slot, .sessionLost, &effects)
        for holder in holderSlab.list(sessionSlab[slot].holders, HolderRecord.InSession.self) {
            effects.append(.expired(event(of: holder), .session))
            retire(holder, delay: holderSlab[holder].lockDelay)
        }
        effects.append(.sessionLost(sessionSlab[slot].id))
        removeSession(slot)
    }

    private mutating func endWaits(of slot: Slot<SessionRecord>, _ end: WaitEnd, _ effects: inout [Effect]) {
        for waiter in waiterSlab.list(sessionSlab[slot].waiters, WaiterRecord.InSession.self) {
            endWait(waiter, end, &effects)
        }
    }

    private mutating func removeSession(_ slot: Slot<SessionRecord>) {
        let record = sessionSlab[slot]
        for answer in record.answers { recordSum &-= hash(answer, of: record.id) }
        recordSum &-= hash(record)
        sessionIndex[record.id] = nil
        let rest = sessionsOfIdentity[record.identity, default: 1] - 1
        sessionsOfIdentity[record.identity] = rest == 0 ? nil : rest
        sessionSlab.remove(slot)
    }
}
