package import LockCore

extension LockRequest {
    /// Refuses what a `LockTable` refuses, in the same words: here no table stands behind the lock.
    package func checkRules() throws(LockError) {
        guard (1...Limits.namesPerRequest).contains(names.count), zip(names, names.dropFirst()).allSatisfy(<) else {
            throw LockError(Refusal.badNames)
        }
        if case .permits(let count, let limit) = mode {
            guard (1...LockMode.maximumPermits).contains(limit), (1...limit).contains(count) else {
                throw LockError(Refusal.badPermits)
            }
        }
        let delays = Duration.zero...HoldTerms.longestDelay
        guard delays.contains(terms.lockDelay), delays.contains(terms.minimumHold),
            terms.maximumHold.map({ $0 > .zero }) ?? true
        else { throw LockError(Refusal.badTerms) }
        guard note.byteCount <= HolderNote.maximumByteCount else { throw LockError(Refusal.noteTooLong) }
    }
}

extension LockRequest.Wait {
    /// When the wait ends.
    package var deadline: ContinuousTime {
        switch self {
        case .never: ContinuousTime(nanoseconds: .min)
        case .until(let deadline): deadline
        case .forever: ContinuousTime(nanoseconds: .max)
        }
    }
}
