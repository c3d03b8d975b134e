internal import HeapModule

extension LockTable {
    func writeRegisters(to encoder: inout SnapshotEncoder) {
        encoder.write(registerFloor)
        encoder.write(nextRevision)
        let inOrder = registerSlab.slots.sorted { registerSlab[$0].name < registerSlab[$1].name }
        encoder.write(inOrder) { $0.write(registerSlab[$1]) }
    }

    mutating func readRegisters(_ decoder: inout SnapshotDecoder) throws(SnapshotError) {
        // Whatever the bytes say, this table's own floor is that of the bytes.
        registerFloor = try decoder.readToken(atMost: FencingToken.maximum.rawValue + 1)
        nextRevision = try decoder.read()
        guard nextRevision > 0, nextRevision < .max / 2 else { throw .inconsistent("the next revision") }
        let count = try decoder.read(UInt32.self)
        var last: LockName?
        for _ in 0..<count {
            let record = try decoder.readRegister()
            if let last, last >= record.name { throw .inconsistent("registers out of order") }
            last = record.name
            insertRegister(record)
        }
    }

    /// What is wrong with the registers, in words.
    func registerProblem() -> String? {
        var (count, bytes) = (0, 0)
        for slot in registerSlab.slots {
            let record = registerSlab[slot]
            guard registerIndex[record.name] == slot else { return "a register is not found by its name" }
            if record.token.rawValue >= nextTokenValue { return "S2: a register has seen a token that nobody had" }
            if record.until <= logTime { return "a register outlived its time" }
            if let problem = valueProblem(record) { return problem }
            if let value = record.value { (count, bytes) = (count + 1, bytes + value.count) }
        }
        guard registerIndex.count == registerSlab.count else { return "an index of registers is out of step" }
        guard count == registerCount, bytes == registerBytes else { return "the counts of registers are wrong" }
        guard count <= limits.registers, bytes <= limits.registerBytes else { return "too many registers" }
        if let problem = registerTimerProblem() { return problem }
        return registerFloor.rawValue <= nextTokenValue ? nil : "S2: the floor of the registers is above all tokens"
    }

    private func registerTimerProblem() -> String? {
        var timed: Set<Slot<RegisterRecord>> = []
        for timer in timers.unordered where isCurrent(timer) {
            if case .register(let slot) = timer.subject { timed.insert(slot) }
        }
        let isMissing = registerSlab.slots.contains { registerSlab[$0].until < .distantFuture && !timed.contains($0) }
        return isMissing ? "a value that ends has no timer" : nil
    }

    private func valueProblem(_ record: RegisterRecord) -> String? {
        guard let value = record.value else {
            if lockIndex[record.name] == nil { return "an unused register is kept" }
            let isVacant = record.revision == .vacant && record.writer.rawValue == 0 && record.until == .distantFuture
            return isVacant ? nil : "a register without a value has a writer, a revision or an end"
        }
        if value.count > Limits.registerBytes { return "a value is too long" }
        if record.writer > record.token { return "S6: a register has not seen the token of its own value" }
        let isKnown = record.revision > .vacant && record.revision.rawValue < nextRevision
        return isKnown ? nil : "a revision that was never given out"
    }
}

extension SnapshotEncoder {
    mutating func write(_ record: RegisterRecord) {
        write(record.name.text)
        write(record.token)
        write(record.writer)
        write(record.value) { encoder, value in encoder.write(bytes: value) }
        write(record.revision.rawValue)
        write(record.until)
    }
}

extension SnapshotDecoder {
    mutating func readRegister() throws(SnapshotError) -> RegisterRecord {
        RegisterRecord(
            name: try readName(), token: try readToken(), writer: try readToken(),
            value: try readOptional { (decoder) throws(SnapshotError) in
                try decoder.readBytes(atMost: Limits.registerBytes)
            }, revision: RegisterRevision(rawValue: try read()), until: try readTime())
    }

    mutating func readToken(atMost most: UInt64) throws(SnapshotError) -> FencingToken {
        let token = FencingToken(rawValue: try read())
        guard token.rawValue <= most else { throw .inconsistent("a token above the highest") }
        return token
    }
}
