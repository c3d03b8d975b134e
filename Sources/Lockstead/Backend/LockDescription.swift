public import LockCore

/// One lock as its engine sees it.
public struct LockDescription: Sendable, Hashable {
    /// Its name.
    public var name: LockName
    /// What it is at present.
    public var kind: LockKind
    /// Who holds it, in order of their tokens.
    public var holders: [Holder]
    /// Who waits, in the order they will be served; a prefix where the queue is long.
    public var waiters: [Waiter]
    /// How many wait in all.
    public var waiterCount: Int

    /// Puts a description together.
    public init(name: LockName, kind: LockKind, holders: [Holder], waiters: [Waiter], waiterCount: Int) {
        (self.name, self.kind, self.holders) = (name, kind, holders)
        (self.waiters, self.waiterCount) = (waiters, waiterCount)
    }

    /// One grant of the lock.
    public struct Holder: Sendable, Hashable {
        /// Who holds it.
        public var owner: OwnerID
        /// How.
        public var mode: LockMode
        /// With which token.
        public var token: FencingToken
        /// Whether it holds, or why the lock is still closed.
        public var phase: Phase
        /// For how long it has been held.
        public var heldFor: Duration
        /// How long it still has without a renewal; `nil` where it has no lease or the engine does not tell.
        public var remaining: Duration?
        /// What the holder says of itself.
        public var note: HolderNote

        /// What a holder's entry stands for.
        public enum Phase: String, Sendable, Hashable {
            /// It holds the lock.
            case held
            /// An operator revoked it; the lock is closed until it acknowledges or runs out.
            case revoked
            /// It is gone; the lock-delay keeps the lock closed.
            case lockDelay
            /// It is released; the minimum hold keeps the lock closed.
            case minimumHold
        }

        /// Puts a holder together.
        public init(
            owner: OwnerID, mode: LockMode, token: FencingToken, phase: Phase = .held, heldFor: Duration,
            remaining: Duration?, note: HolderNote
        ) {
            (self.owner, self.mode, self.token, self.phase) = (owner, mode, token, phase)
            (self.heldFor, self.remaining, self.note) = (heldFor, remaining, note)
        }
    }

    /// One waiting request.
    public struct Waiter: Sendable, Hashable {
        /// Who waits.
        public var owner: OwnerID
        /// For what.
        public var mode: LockMode
        /// For how long already.
        public var waitedFor: Duration
        /// What the waiter says of itself.
        public var note: HolderNote

        /// Puts a waiter together.
        public init(owner: OwnerID, mode: LockMode, waitedFor: Duration, note: HolderNote) {
            (self.owner, self.mode, self.waitedFor, self.note) = (owner, mode, waitedFor, note)
        }
    }
}

/// Something that happened to a lock, as `watch` tells it.
public struct LockChange: Sendable, Hashable {
    /// What happened.
    public enum Kind: String, Sendable, Hashable {
        /// A request was granted.
        case granted
        /// An exclusive grant became a shared one.
        case downgraded
        /// A grant was released.
        case released
        /// A grant ran out.
        case expired
        /// An operator revoked a grant.
        case revoked
        /// A request began to wait.
        case queued
        /// A waiting request gave up, timed out or died.
        case waitEnded
        /// The value beside the lock was stored or removed, or ended.
        case registerChanged
    }

    /// Which lock.
    public var name: LockName
    /// What happened.
    public var kind: Kind
    /// The grant's token, where there is a grant; of a register, the newest token it has seen.
    public var token: FencingToken?
    /// Whose request or grant it is; all zeros where a register changed and nobody holds the lock under that token any more.
    public var owner: OwnerID
    /// How it excludes others.
    public var mode: LockMode
    /// What its owner says of itself.
    public var note: HolderNote

    /// Puts a change together.
    public init(name: LockName, kind: Kind, token: FencingToken?, owner: OwnerID, mode: LockMode, note: HolderNote) {
        (self.name, self.kind, self.token, self.owner) = (name, kind, token, owner)
        (self.mode, self.note) = (mode, note)
    }
}

/// What a forced release did.
public struct ForcedRelease: Sendable, Hashable {
    /// The tokens that were revoked; empty where nobody held the lock.
    public var revoked: [FencingToken]
    /// How long the next grant may have to wait for the holder's acknowledgement; zero with `now`.
    public var waitsAtMost: Duration
    /// Whether mutual exclusion was waived: the old holder may still believe itself the owner.
    public var waivedExclusion: Bool

    /// Puts a result together.
    public init(revoked: [FencingToken], waitsAtMost: Duration, waivedExclusion: Bool) {
        (self.revoked, self.waitsAtMost, self.waivedExclusion) = (revoked, waitsAtMost, waivedExclusion)
    }
}
