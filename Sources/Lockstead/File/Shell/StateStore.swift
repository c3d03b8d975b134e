#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import LockCore

/// What one try to get at a state came to.
enum Attempt<Value: Sendable>: Sendable {
    case done(Value)
    /// Someone else has the state lock at this moment.
    case contended
}

/// The state files of one folder: locks, reads, judges, writes.
///
/// Blocking and without a state of its own.
struct StateStore: Sendable {
    let folder: Folder
    let boot: BootIdentity
    let time: any TimeSource
    let longestLease: Duration
    let own = OwnSessions()
    private let cache = StateCache()
    /// How often a state was made durable.
    let syncs = EventCount()

    /// What a change had to say beyond its own answer.
    struct Change<Value: Sendable>: Sendable {
        var value: Value
        var sequence: UInt64
    }

    /// Runs `body` on the state of a name, alone on this host, and makes what it changed durable before it returns.
    ///
    /// Every write is synced: a token that was told must not be minted twice after a loss of power, and two writes of which neither
    /// reached the disk could tear both slots.
    func change<Value>(
        _ key: NameKey, creating: Bool, _ body: (inout NameState, ContinuousTime) throws(LockError) -> Value
    ) throws(LockError) -> Attempt<Change<Value>?> {
        var held: HeldState
        switch try lock(key, .exclusive, creating: creating) {
        case .contended: return .contended
        case .done(nil): return .done(nil)
        case .done(let opened?): held = opened
        }
        defer { held.file.unlock() }
        let now = time.now
        try begin(&held.state, key, now)
        let value = try body(&held.state, now)
        if held.state.isChanged {
            try commit(&held, key)
        } else if held.state.mustBeDurable {
            syncs.add()
            do { try held.file.synchronize() } catch { throw error.lockError(effect: .mayHaveHappened) }
        }
        held.file.unlock()
        // After the unlock, so that the woken do not run into it.
        for session in held.state.roused { Lifeline.rouse(key.lifelineFile(of: session), in: folder) }
        return .done(Change(value: value, sequence: held.slots.latest?.header.sequence ?? 0))
    }

    /// Runs `body` on the state of a name as it is, judged by the living but not written; `nil` where there is no state.
    func view<Value>(
        _ key: NameKey, _ body: (NameState, HeldState, ContinuousTime) throws(LockError) -> Value
    ) throws(LockError) -> Attempt<Value?> {
        var held: HeldState
        switch try lock(key, .shared, creating: false) {
        case .contended: return .contended
        case .done(nil): return .done(nil)
        case .done(let opened?): held = opened
        }
        defer { held.file.unlock() }
        let now = time.now
        try begin(&held.state, key, now)
        return .done(try body(held.state, held, now))
    }

    private func begin(_ state: inout NameState, _ key: NameKey, _ now: ContinuousTime) throws(LockError) {
        var failure: SystemError?
        let armed = own.armed
        state.begin(boot: boot, now: now) { entry in
            if let until = armed[entry.session] { return .kept(until: until) }
            do throws(SystemError) {
                return try Lifeline.sign(of: key.lifelineFile(of: entry.session), in: folder)
            } catch {
                failure = error
                return .kept(until: nil)
            }
        }
        // Nobody may be judged by what could not be seen.
        if let failure { throw failure.lockError() }
        try liftGrace(&state, key, now)
    }

    private func commit(_ held: inout HeldState, _ key: NameKey) throws(LockError) {
        cache.drop(key)
        do { try held.slots.write(held.state.encoded, to: held.file) } catch { throw error.lockError() }
        syncs.add()
        do { try held.file.synchronize() } catch {
            // Others can read what we wrote; only a loss of power would undo it.
            throw error.lockError(effect: .mayHaveHappened)
        }
        keep(held, key)
        for session in held.state.ended {
            // What cannot be removed now is an orphan, which `lockstead repair` removes.
            _ = try? folder.remove(key.lifelineFile(of: session))
        }
    }

    /// What this process knows of a state already, if the file's newest slot is still the one it knows.
    func known(_ key: NameKey, in file: FileStatus.Identity) -> StateCache.Entry? { cache.entry(for: key, in: file) }

    /// Remembers a state as it is in the file.
    func keep(_ held: HeldState, _ key: NameKey) {
        guard let record = held.slots.latest else { return }
        cache.keep(StateCache.Entry(file: held.identity, record: record, state: held.state.settled), for: key)
    }
}
