extension LockTable {
    private static let magic: UInt32 = 0x4254_4B4C  // "LKTB"
    /// 2 brought registers; snapshots of version 1 are read as tables without any.
    private static let version: UInt16 = 2

    /// The whole table in bytes: equal tables give equal bytes, whatever their history.
    package func encoded() -> [UInt8] {
        #if DEBUG || PlantedBugs
            if let forgetful { return forgetful.encoded() }
        #endif
        var encoder = SnapshotEncoder(capacity: 4_096)
        encoder.write(Self.magic)
        encoder.write(Self.version)
        encoder.write(logTime)
        encoder.write(nextTokenValue)
        encoder.write(nextArrival)
        encoder.write(recoveringUntil) { $0.write($1) }
        encoder.write(longestLease)
        encoder.write(featureLevel)
        encoder.write(sessionsInOrder) { encoder, slot in write(sessionSlab[slot], to: &encoder) }
        encoder.write(holdersInOrder) { encoder, slot in write(holderSlab[slot], to: &encoder) }
        encoder.write(waitersInOrder) { $0.write(waiterSlab[$1]) }
        writeRegisters(to: &encoder)
        // Also guards the bytes: a flipped bit gives another sum.
        encoder.write(digest)
        return encoder.bytes
    }

    #if DEBUG || PlantedBugs
        /// The table as a mistaken snapshot would have it, or `nil` where no such mistake is planted.
        private var forgetful: LockTable? {
            guard makes(.tokenLostInSnapshot) || makes(.dedupLostInSnapshot) else { return nil }
            var copy = self
            copy.plantedBug = nil
            if makes(.tokenLostInSnapshot) {
                copy.nextTokenValue = holderSlab.slots.map { holderSlab[$0].token.rawValue + 1 }.max() ?? 1
            }
            if makes(.dedupLostInSnapshot) {
                for slot in sessionSlab.slots {
                    for answer in sessionSlab[slot].answers {
                        copy.recordSum &-= hash(answer, of: sessionSlab[slot].id)
                    }
                    copy.sessionSlab[slot].answers = []
                }
            }
            return copy
        }
    #endif

    private var sessionsInOrder: [Slot<SessionRecord>] {
        sessionSlab.slots.sorted { sessionSlab[$0].id < sessionSlab[$1].id }
    }

    /// The order of grants, which is the order of every list of holders.
    private var holdersInOrder: [Slot<HolderRecord>] {
        holderSlab.slots.sorted {
            (holderSlab[$0].token.rawValue, holderSlab[$0].part) < (holderSlab[$1].token.rawValue, holderSlab[$1].part)
        }
    }

    private var waitersInOrder: [Slot<WaiterRecord>] {
        waiterSlab.slots.sorted { waiterSlab[$0].arrival < waiterSlab[$1].arrival }
    }

    private func write(_ record: SessionRecord, to encoder: inout SnapshotEncoder) {
        encoder.write(record.id)
        encoder.write(record.identity)
        encoder.write(record.timeToLive)
        encoder.write(record.generation)
        encoder.write(record.doneThrough)
        encoder.write(record.answers) { $0.write($1) }
    }

    private func write(_ record: HolderRecord, to encoder: inout SnapshotEncoder) {
        encoder.write(record.sessionID)
        encoder.write(record.owner)
        encoder.write(record.request)
        encoder.write(record.names) { $0.write($1.text) }
        encoder.write(record.part)
        encoder.write(record.mode)
        encoder.write(record.token)
        encoder.write(record.count)
        encoder.write(record.phase)
        encoder.write(record.grantedAt)
        encoder.write(record.lockDelay)
        encoder.write(record.minimumHoldEnd)
        encoder.write(record.maximumHoldEnd)
        encoder.write(record.note)
    }
}

extension LockTable {
    /// Restores a table.
    ///
    /// - Parameters:
    ///   - bytes: What `encoded()` gave, perhaps from an enemy: nothing in it is believed before it is checked.
    ///   - limits: The engine's bounds.
    /// - Throws: `SnapshotError`; then there is no table.
    package init(decoding bytes: [UInt8], limits: TableLimits = TableLimits()) throws(SnapshotError) {
        var decoder = SnapshotDecoder(bytes)
        guard try decoder.read(UInt32.self) == Self.magic else { throw .notASnapshot }
        let version = try decoder.read(UInt16.self)
        guard (1...Self.version).contains(version) else { throw .unknownVersion(version) }
        let time = try decoder.readTime()
        guard time <= .latest else { throw .inconsistent("a time beyond the last") }
        self.init(at: time, limits: limits)
        try readHeader(&decoder)
        try readSessions(&decoder)
        try readHolders(&decoder)
        try readWaiters(&decoder)
        registerFloor = FencingToken(rawValue: 0)
        if version > 1 { try readRegisters(&decoder) }
        let sum = try decoder.read(UInt64.self)
        guard decoder.isAtEnd else { throw .trailingBytes }
        guard sum == digest || Self.believesAnyDigest else { throw .inconsistent("the digest does not match") }
        if let problem = invariantViolation() { throw .inconsistent(problem) }
    }

    /// A fuzzer guesses no digests; built for one, the table looks at what lies behind it.
    private static var believesAnyDigest: Bool {
        #if FUZZING
            true
        #else
            false
        #endif
    }

    private mutating func readHeader(_ decoder: inout SnapshotDecoder) throws(SnapshotError) {
        nextTokenValue = try decoder.read()
        nextArrival = try decoder.read()
        recoveringUntil = try decoder.readOptional { (decoder) throws(SnapshotError) in try decoder.readTime() }
        longestLease = try decoder.readSpan()
        featureLevel = try decoder.read()
        guard nextTokenValue <= FencingToken.maximum.rawValue + 1 else { throw .inconsistent("the next token") }
        guard longestLease > .zero else { throw .inconsistent("the longest lease") }
        guard nextArrival < .max / 2 else { throw .inconsistent("the next arrival") }
        if let recoveringUntil, recoveringUntil <= logTime { throw .inconsistent("a recovery in the past") }
        setRecoveryTimer()
    }

    private mutating func readSessions(_ decoder: inout SnapshotDecoder) throws(SnapshotError) {
        let records = try decoder.readList { (decoder) throws(SnapshotError) in try Self.readSession(&decoder) }
        for record in records {
            guard sessionIndex[record.id] == nil else { throw .inconsistent("a session twice") }
            let slot = insertSession(record)
            for answer in record.answers { recordSum &+= hash(answer, of: sessionSlab[slot].id) }
        }
    }

    private static func readSession(_ decoder: inout SnapshotDecoder) throws(SnapshotError) -> SessionRecord {
        var record = SessionRecord(
            id: try decoder.readIdentifier(), identity: try decoder.readText(atMost: Limits.identityBytes),
            timeToLive: try decoder.readSpan())
        guard record.timeToLive > .zero else { throw .inconsistent("a session without a lease") }
        record.generation = try decoder.read()
        guard record.generation < .max / 2 else { throw .inconsistent("a generation that no renewals reach") }
        record.doneThrough = try decoder.read()
        record.answers = try decoder.readList(atMost: Limits.outstandingPerSession) { (decoder) throws(SnapshotError) in
            DedupRecord(
                sequence: try decoder.read(), fingerprint: try decoder.read(),
                answer: try decoder.readOptional { (decoder) throws(SnapshotError) in try decoder.readAnswer() })
        }
        guard zip(record.answers, record.answers.dropFirst()).allSatisfy({ $0.sequence < $1.sequence }) else {
            throw .inconsistent("kept answers out of order")
        }
        return record
    }
}
