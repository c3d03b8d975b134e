package import LockCore

// What every engine says of an acquire or a grant that came to nothing, in the same words.
extension LockError {
    package static var cancelledBeforeAsking: LockError {
        LockError(.cancelled, "The task was cancelled before it asked for the lock.", effect: .didNotHappen)
    }

    package static func cancelledWait(for request: LockRequest) -> LockError {
        let name = request.names.first?.text ?? ""
        return LockError(.cancelled, "The wait for \"\(name)\" was cancelled.", effect: .didNotHappen)
    }

    /// R3, R4: its place in the queue is not there any more.
    package static func placeLost(of request: LockRequest) -> LockError {
        let name = request.names.first?.text ?? ""
        return LockError(
            .leaseLost,
            "The wait for \"\(name)\" ended without the lock: its lease ran out, or its place was removed. Ask again.",
            effect: .didNotHappen)
    }

    package static func notHeld(_ grant: Grant) -> LockError {
        let name = grant.names.first?.text ?? ""
        return LockError(
            .notHeld, "The lock \"\(name)\" is not held any more. Acquire it again.", effect: .didNotHappen)
    }

    package static func foreignHolder(of name: LockName) -> LockError {
        LockError(
            .unsupported,
            "The lock \"\(name)\" is held by another program, which cannot be told to stop. Stop that program, or release with now, which lets both go on side by side.",
            effect: .didNotHappen)
    }

    package static func holdersChangeTooFast(_ name: LockName) -> LockError {
        LockError(
            .engineUnavailable, "The holders of \"\(name)\" change faster than they can be revoked. Try again.",
            effect: .didNotHappen)
    }

    package static func registerChangesTooFast(_ name: LockName) -> LockError {
        LockError(
            .engineUnavailable, "The register of \"\(name)\" changes faster than it can be written. Try again.",
            effect: .didNotHappen)
    }

    package static func registerInDoubt(_ name: LockName) -> LockError {
        LockError(
            .indeterminate,
            "The answer to the write of the register of \"\(name)\" was lost, and the register has changed since. Read it.",
            effect: .mayHaveHappened)
    }
}
