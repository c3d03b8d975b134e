#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import LockCore

extension StateStore {
    /// Makes the state file of a name that has none; does nothing where another process was faster.
    ///
    /// It is written and synced under another name and then linked, so that it has a good slot from its first moment on: a crash while
    /// it is made leaves no damaged state. The folder is synced too, or a loss of power would take the file with its tokens.
    func create(_ key: NameKey) throws(SystemError) {
        var generator = SystemRandomNumberGenerator()
        let unborn = "\(key.hash).\(SessionID.random(using: &generator))\(LockFileName.unbornSuffix)"
        let mode = try folder.fileMode()
        let file = try OpenFile.open(folder.path(of: unborn), O_RDWR | O_CREAT | O_EXCL, mode: mode)
        defer { _ = try? folder.remove(unborn) }  // An orphan of this kind is harmless, and `repair` removes it.
        try file.setPermissions(mode)
        try write(try newState(key), to: file)
        guard link(file.path, folder.path(of: key.stateFile)) == 0 else {
            if errno == EEXIST { return }
            throw .last("link", folder.path(of: key.stateFile))
        }
        try folder.synchronize()
    }

    func write(_ state: NameState, to file: OpenFile) throws(SystemError) {
        var slots = try SlotFile(reading: file)
        try slots.write(state.encoded, to: file)
        try file.synchronize()
    }

    /// An empty state, with a grace if lifelines of this name live beside it: then there was a state before, and somebody took it away.
    func newState(_ key: NameKey) throws(SystemError) -> NameState {
        let now = time.now
        var state = NameState(
            name: key.name, boot: boot, now: now, wallClockNanoseconds: time.wallClockNanoseconds)
        if try hasLivingLifelines(key.hash) { state.graceUntil = state.logTime(now + TimeSpan(longestLease)) }
        return state
    }

    /// Whether any process keeps a lifeline of this name.
    ///
    /// Lists the folder, so only where a state is born or was lost.
    func hasLivingLifelines(_ hash: String) throws(SystemError) -> Bool {
        for file in try folder.entries() where file.hasPrefix(hash) && file.hasSuffix(LockFileName.lifelineSuffix) {
            if case .kept = try Lifeline.sign(of: file, in: folder) { return true }
        }
        return false
    }

    /// Ends a grace whose time is over or whose unknown holders are all gone.
    func liftGrace(_ state: inout NameState, _ key: NameKey, _ now: ContinuousTime) throws(LockError) {
        guard let until = state.graceUntil else { return }
        do throws(SystemError) {
            if state.logTime(now) < until, try hasLivingLifelines(key.hash) { return }
        } catch {
            throw error.lockError()
        }
        state.graceUntil = nil
        state.isChanged = true
    }
}
