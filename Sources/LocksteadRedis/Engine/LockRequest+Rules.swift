import Lockstead

extension LockRequest {
    /// Refuses what a `LockTable` refuses, in the same words: here no table stands behind the lock.
    func checkRules() throws(LockError) {
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

extension HoldTerms {
    /// The cap as the scripts take it; 0 for none.
    var maximumHoldMilliseconds: Int64 { maximumHold.map { min($0.millisecondsUp, RedisEngine.longestSpan) } ?? 0 }
}
