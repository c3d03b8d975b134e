#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import LockCore

extension StateStore {
    /// Judges one file of the folder and mends it where asked; `nil` where another process is at work on it.
    func look(at file: String, mending: Bool) throws(SystemError) -> RepairFinding? {
        switch LockFileName(file) {
        case .foreign: RepairFinding(file: file, kind: .foreign)
        case .unborn: try lookAtUnborn(file, mending)
        case .lifeline(let hash, let session): try lookAtLifeline(file, hash, session, mending)
        case .state(let hash): try lookAtState(file, hash, mending)
        }
    }

    private func lookAtUnborn(_ file: String, _ mending: Bool) throws(SystemError) -> RepairFinding? {
        // A file that is gone by now was born.
        guard let opened = try open(file, O_RDWR) else { return RepairFinding(file: file, kind: .good) }
        // Its maker keeps it locked while it lives.
        guard try opened.tryLock(.exclusive) else { return nil }
        defer { opened.unlock() }
        return RepairFinding(file: file, kind: .unborn, isMended: mending ? try folder.remove(file) : false)
    }

    /// Under the state's lock, as lifelines are made and unmade under it.
    private func lookAtLifeline(
        _ file: String, _ hash: String, _ session: SessionID, _ mending: Bool
    ) throws(SystemError) -> RepairFinding? {
        var finding = RepairFinding(file: file, kind: .good)
        let state = try open(hash + LockFileName.stateSuffix, O_RDWR)
        defer { state?.unlock() }
        if let state {
            guard try state.tryLock(.exclusive), try state.isStillAtItsPath() else { return nil }
            let reading = try reading(of: try SlotFile(reading: state), in: state, hash)
            finding.name = reading.name
            if case .sound(let known, _, _) = reading, known.entry(of: session) != nil { return finding }
        }
        switch try Lifeline.sign(of: file, in: folder) {
        case .missing: break
        case .kept: finding.kind = .livingOrphan
        case .free, .replaced:
            finding.kind = .deadOrphan
            // A folder under its name stays, and is told as not mended.
            if mending { finding.isMended = (try? folder.remove(file)) ?? false }
        }
        return finding
    }

    private func lookAtState(_ file: String, _ hash: String, _ mending: Bool) throws(SystemError) -> RepairFinding? {
        let opened: OpenFile
        do {
            guard let found = try open(file, O_RDWR) else { return RepairFinding(file: file, kind: .good) }
            opened = found
        } catch {
            // A link or a folder under a state's name is nothing of ours.
            guard error.code == ELOOP || error.code == EISDIR else { throw error }
            return RepairFinding(file: file, kind: .foreign)
        }
        guard try opened.status().isRegularFile else { return RepairFinding(file: file, kind: .foreign) }
        guard try opened.tryLock(.exclusive), try opened.isStillAtItsPath() else { return nil }
        defer { opened.unlock() }
        var slots = try SlotFile(reading: opened)
        return try mend(RepairFinding(file: file, kind: .good), &slots, opened, hash, mending)
    }

    private func mend(
        _ blank: RepairFinding, _ slots: inout SlotFile, _ file: OpenFile, _ hash: String, _ mending: Bool
    ) throws(SystemError) -> RepairFinding {
        var finding = blank
        let reading = try reading(of: slots, in: file, hash)
        finding.name = reading.name
        let body: [UInt8]
        switch reading {
        case .newer(let version):
            finding.kind = .newerFormat(version)
            return finding
        case .sound(_, _, let record) where slots.hasDamage: (finding.kind, body) = (.oneSlotBad, record)
        case .sound: return finding
        case .unsound(let reason, let name):
            finding.kind = .unreadable(reason)
            body = try rebornState(hash, name)
        }
        guard mending else { return finding }
        // The second write goes to the other slot, so that both are sound afterwards.
        repeat {
            try slots.write(body, to: file)
            try file.synchronize()
        } while slots.hasDamage
        finding.isMended = true
        return finding
    }

    /// A state in the place of a lost one: its tokens start at the clock's microseconds, above all that were given out, and while a
    /// lifeline of before is kept it grants nothing.
    private func rebornState(_ hash: String, _ name: LockName?) throws(SystemError) -> [UInt8] {
        guard let stand = name ?? Self.standIn else { throw SystemError(EINVAL, "name", hash) }
        let now = time.now
        var state = NameState(name: stand, boot: boot, now: now, wallClockNanoseconds: time.wallClockNanoseconds)
        if try hasLivingLifelines(hash) { state.graceUntil = state.logTime(now + TimeSpan(longestLease)) }
        return state.encoded(isNameless: name == nil)
    }

    private func open(_ file: String, _ flags: CInt) throws(SystemError) -> OpenFile? {
        do { return try OpenFile.open(folder.path(of: file), flags | O_NONBLOCK) } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }
}
