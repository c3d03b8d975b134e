/// Lets an operation finish although the calling task is cancelled: the one place where a task is made only for that.
///
/// The caller awaits it, so that nothing outlives its scope; the operation needs a deadline of its own.
package func shieldedFromCancellation<R: Sendable>(_ operation: @escaping @Sendable () async -> R) async -> R {
    await Task { await operation() }.value
}
