import LockCore

/// A lock held by a handle: renewed until it is released.
///
/// Ownership is the handle's, not a task's or a thread's.
public final class HeldLock: Sendable {
    /// Its token and state.
    public let lease: Lease
    let held: HeldGrant
    let client: LockClient

    init(_ held: HeldGrant, client: LockClient, lease: Lease) {
        (self.held, self.client, self.lease) = (held, client, lease)
    }

    /// The grant as the engine knows it.
    package var grant: Grant { held.grant }

    /// Gives the lock back; see ``LockClient/release(_:)``.
    ///
    /// - Throws: `LockError`, as there.
    public func release() async throws { try await client.release(self) }

    deinit {
        if held.wasLeftOpen { client.abandon(held) }
    }
}
