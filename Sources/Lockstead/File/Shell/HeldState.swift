#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import LockCore

/// A state file, locked and read.
struct HeldState: Sendable {
    let file: OpenFile
    let identity: FileStatus.Identity
    var slots: SlotFile
    var state: NameState
}

extension StateStore {
    /// How often a state file may vanish under our hands before we call it an attack.
    private static let reopenings = 16

    /// Opens, locks and reads the state of a name; `nil` where there is none and none is to be made.
    ///
    /// After locking, the file must still be the one its path leads to (RULES 28): it may have been removed while we waited.
    func lock(_ key: NameKey, _ mode: OpenFile.LockMode, creating: Bool) throws(LockError) -> Attempt<HeldState?> {
        do {
            for _ in 0..<Self.reopenings {
                guard let file = try open(key, mode) else {
                    guard creating else { return .done(nil) }
                    try create(key)
                    continue
                }
                guard try file.tryLock(mode) else { return .contended }
                guard try file.isStillAtItsPath() else { continue }
                return .done(try read(file, key))
            }
        } catch let error as SystemError {
            throw error.lockError()
        } catch let error as LockError {
            throw error
        } catch {
            throw LockError(.engineUnavailable, "The lock's state cannot be read.", effect: .didNotHappen, cause: error)
        }
        throw LockError(
            .engineUnavailable,
            "The state file of \"\(key.name)\" in \(folder.path) is removed again and again. Stop whatever cleans this folder.",
            effect: .didNotHappen)
    }

    private func open(_ key: NameKey, _ mode: OpenFile.LockMode) throws -> OpenFile? {
        do {
            let file = try OpenFile.open(folder.path(of: key.stateFile), mode == .shared ? O_RDONLY : O_RDWR)
            guard try file.status().isRegularFile else { throw corrupt(key, "it is no regular file") }
            return file
        } catch let error as SystemError where error.code == ENOENT {
            return nil
        }
    }

    private func read(_ file: OpenFile, _ key: NameKey) throws -> HeldState {
        let identity = try file.status().identity
        let known = known(key, in: identity)
        let slots = try SlotFile(reading: file, trusting: known?.record)
        if let known, slots.latest == known.record {
            return HeldState(file: file, identity: identity, slots: slots, state: known.state)
        }
        for case .unknownVersion(let version) in slots.conditions {
            throw corrupt(key, "it has format \(version), written by a newer Lockstead; use that")
        }
        guard let record = slots.latest else { throw corrupt(key, "neither of its two slots is sound") }
        let state: NameState
        do { state = try NameState(decoding: record.body, adopting: key.name) } catch { throw corrupt(key, "\(error)") }
        guard state.name == key.name else { throw corrupt(key, "it holds the state of \"\(state.name)\"") }
        let held = HeldState(file: file, identity: identity, slots: slots, state: state)
        keep(held, key)
        return held
    }

    private func corrupt(_ key: NameKey, _ reason: String) -> LockError {
        LockError(
            .corruptState,
            "The state file \(folder.path(of: key.stateFile)) of \"\(key.name)\" cannot be used: \(reason). "
                + "Run `lockstead repair` on the folder.", effect: .didNotHappen)
    }
}
