import LockCore
import Synchronization

/// What a change of a register comes to.
enum RegisterEdit<Value: Sendable>: Sendable {
    /// Nothing is to be written.
    case leave(Value)
    case write(RegisterWrite.Content, Value)
}

extension LockClient {
    /// Changes a register on the ground of what it holds: takes the exclusive lock of its name, loads, stores under the grant's token,
    /// releases.
    ///
    /// Where it stays unknown whether the store happened, it starts over under a new grant; so `change` must know its own work when it
    /// sees it, and leave it alone.
    ///
    /// - Parameters:
    ///   - name: The name of register and lock.
    ///   - end: When to give up.
    ///   - purpose: What holders of the lock are known by.
    ///   - change: Decides; may be called several times.
    /// - Returns: What the last call of `change` said.
    /// - Throws: `LockError`, with `timedOut` where others held the lock all the while, and with `indeterminate` where the change may
    ///   have happened; `CancellationError` where it did not; what `change` throws.
    func edit<R: Sendable>(
        _ name: LockName, until end: ContinuousTime?, purpose: String,
        _ change: @escaping @Sendable (Register) throws(LockError) -> RegisterEdit<R>
    ) async throws -> R {
        let isOpen = EditQuestion()
        var pause = TimeSpan.milliseconds(50)
        let giveUp = min(end ?? .distantFuture, time.now.advanced(by: configuration.cleanUpDeadline))
        while true {
            do {
                return try await withLockOutcome(
                    name, waitingAtMost: rest(until: isOpen.isOpen ? giveUp : end), reentry: .refused, purpose: purpose
                ) { lease in
                    try await self.edit(name, under: lease.token, isOpen, change)
                }.value
            } catch {
                guard !Task.isCancelled, time.now + pause < giveUp, let failure = error as? LockError,
                    isOpen.isOpen ? failure.mayBeRetriedInEdit : failure.effect == .mayHaveHappened
                else { throw isOpen.isOpen ? Self.unknownEdit(of: name, error) : Self.withoutEffect(error) }
            }
            // A cancellation ends the next round.
            try? await time.sleep(until: time.now + pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    private func edit<R: Sendable>(
        _ name: LockName, under token: FencingToken, _ question: EditQuestion,
        _ change: @Sendable (Register) throws(LockError) -> RegisterEdit<R>
    ) async throws -> R {
        while true {
            let register = try await loadRegister(name)
            switch try change(register) {
            case .leave(let value):
                question.settle()
                return value
            case .write(let content, let value):
                let write = RegisterWrite(content, in: name, under: token, after: register.revision)
                switch try await question.ask({ () async throws(LockError) in try await storeRegister(write) }) {
                case .stored: return value
                // An older grant, which had lost the lock, came first.
                case .changed: continue
                case .stale: throw Self.overtaken(name)
                }
            }
        }
    }

    /// A newer grant of the name has written: whoever finds this out did nothing.
    static func overtaken(_ name: LockName) -> LockError {
        LockError(
            .leaseLost,
            "The lock \"\(name)\" was lost before its register was written, which did not happen. Try again.",
            effect: .didNotHappen, bodyFinished: false)
    }

    /// Whatever became of the lock, nothing was stored.
    private static func withoutEffect(_ error: any Error) -> any Error {
        guard var failure = error as? LockError else { return error }
        failure.effect = .didNotHappen
        return failure
    }

    private static func unknownEdit(of name: LockName, _ cause: any Error) -> LockError {
        LockError(
            .indeterminate,
            "Whether the register of \"\(name)\" was changed is unknown: the engine did not answer. Look at it before you try again.",
            effect: .mayHaveHappened, cause: cause)
    }
}

extension LockError {
    fileprivate var mayBeRetriedInEdit: Bool { isPassing || code == .leaseLost || code == .timedOut }
}

/// Whether a store was sent whose answer is missing.
private final class EditQuestion: Sendable {
    private let open = Atomic(false)

    var isOpen: Bool { open.load(ordering: .acquiring) }

    /// What is in the register answers it.
    func settle() { open.store(false, ordering: .releasing) }

    func ask(
        _ store: () async throws(LockError) -> RegisterOutcome
    ) async throws(LockError) -> RegisterOutcome {
        let wasOpen = isOpen
        open.store(true, ordering: .releasing)
        do throws(LockError) {
            let outcome = try await store()
            // A refusal says nothing of an earlier store whose answer is missing: only what is loaded next does.
            if case .stored = outcome { settle() } else if !wasOpen { settle() }
            return outcome
        } catch {
            if error.effect == .didNotHappen, !wasOpen { settle() }
            throw error
        }
    }
}
