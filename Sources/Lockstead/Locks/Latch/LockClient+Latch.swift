public import LockCore

extension LockClient {
    /// A count-down latch: opens once it was counted down `count` times, by whomever and wherever.
    ///
    /// It begins with its first count-down, and lasts until `keptFor` has passed after its last change. The lock of the same name is
    /// taken for a moment by each change; use the name for nothing else.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - count: The count it starts with, 0 to 1,000,000,000; all who use it name the same.
    ///   - keptFor: How long the engine remembers it after its last change; `nil`, the default: for ever.
    /// - Returns: The latch; nothing is sent yet.
    /// - Throws: `LockError` with `invalidName` or `invalidOption`.
    public func latch(
        _ name: some LockNaming, count: Int, keptFor: Duration? = nil
    ) throws(LockError) -> CountDownLatch {
        guard (0...LatchState.highestCount).contains(count) else {
            throw .invalid("A count of \(count) is out of range; use 0 to \(LatchState.highestCount).")
        }
        try Self.check(keptFor: keptFor)
        return CountDownLatch(client: self, name: try name.lockName(), initialCount: count, keptFor: keptFor)
    }

    /// A time for which something is to be remembered.
    static func check(keptFor duration: Duration?) throws(LockError) {
        guard let duration, duration <= .zero else { return }
        throw .invalid("Something cannot be kept for \(duration); use more than zero, or leave it out to keep it.")
    }
}
