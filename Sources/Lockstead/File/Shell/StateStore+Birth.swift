internal import LockCore

extension StateStore {
    /// Makes the state file of a name that has none; does nothing where another process was faster.
    func create(_ key: NameKey) throws(SystemError) {
        var generator = SystemRandomNumberGenerator()
        let unborn = "\(key.hash).\(SessionID.random(using: &generator))\(LockFileName.unbornSuffix)"
        try SlotFile.create(
            key.stateFile, in: folder, throughUnborn: unborn, body: try newState(key).encoded)
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
