internal import HeapModule

/// The lock rules, and the only place that holds them: the in-process engine runs this table, the file engine stores one per name,
/// the service replicates it, simulator and checker judge by it.
///
/// A pure, deterministic value. What went in is a `Command` with the time at which it counts; what came out is an `Answer` for its
/// sender and `Effect`s for everyone else. No command traps, whatever it holds; equal tables fed equal commands stay equal
/// (`digest`). Lookups go through maps that cannot be iterated; all order lives in lists and ordering keys (RULES 25).
package struct LockTable: Sendable {
    /// Last applied time; never goes back (RULES 4).
    package internal(set) var logTime: LogTime
    /// What the next grant gets, beyond `FencingToken.maximum` once all are spent (RULES 6).
    var nextTokenValue: UInt64
    var nextArrival: UInt64 = 1
    /// Nothing is granted before (RULES 11).
    var recoveringUntil: LogTime?
    var longestLease = Limits.longestLease
    var featureLevel: UInt32 = 1
    /// No register that is forgotten has seen a token above; see `newerToken(than:)`.
    var registerFloor: FencingToken
    var nextRevision: UInt64 = 1

    var sessionSlab = Slab<SessionRecord>()
    var lockSlab = Slab<LockRecord>()
    var holderSlab = Slab<HolderRecord>()
    var waiterSlab = Slab<WaiterRecord>()
    var queueSlab = Slab<QueueRecord>()
    var registerSlab = Slab<RegisterRecord>()

    var sessionIndex = FlatMap<SessionID, Slot<SessionRecord>>()
    var sessionsOfIdentity: [String: Int] = [:]
    var lockIndex = FlatMap<LockName, Slot<LockRecord>>()
    var owners = FlatMap<OwnerID, OwnerRecord>()
    var waiterIndex = FlatMap<RequestKey, Slot<WaiterRecord>>()
    /// One live part of each grant, so that a repeated or withdrawn request finds its grant at once.
    var grantIndex = FlatMap<RequestKey, Slot<HolderRecord>>()
    /// Only grants that can have many beside them; an exclusive one is found in its lock's short list.
    var sharedHolderIndex = FlatMap<HolderKey, Slot<HolderRecord>>()

    var registerIndex: [LockName: Slot<RegisterRecord>] = [:]
    /// Registers that hold a value, and the bytes of all values.
    var registerCount = 0
    var registerBytes = 0

    var timers = Heap<TimerRecord>()
    /// Locks whose queue may have become grantable during the present command, in order.
    var touched: [TouchRecord] = []
    /// Sum of the hashes of all records, where the table keeps one; see `digest`.
    var recordSum: UInt64 = 0
    /// Whether each command keeps the digest up to date, or whoever asks for it pays a walk over the table.
    let keepsDigest: Bool
    let limits: TableLimits

    #if DEBUG || PlantedBugs
        /// Test-only: a mistake this table makes on purpose, so that tests can prove that they would notice.
        package var plantedBug: PlantedBug?
    #endif

    /// An empty table.
    ///
    /// `keepsDigest: false` suits an engine that never compares tables; the digest is the same then, and slow.
    package init(
        firstToken: FencingToken = FencingToken(rawValue: 1), at now: LogTime = .zero,
        limits: TableLimits = TableLimits(), keepsDigest: Bool = true
    ) {
        self.logTime = min(now, .latest)
        self.nextTokenValue = min(firstToken.rawValue, FencingToken.maximum.rawValue + 1)
        (self.limits, self.keepsDigest) = (limits, keepsDigest)
        // Tokens of the time before this table are stale to its registers.
        registerFloor = FencingToken(rawValue: nextTokenValue)
    }

    /// The token of the next grant, or `nil` once all are spent.
    package var nextToken: FencingToken? {
        let token = FencingToken(rawValue: nextTokenValue)
        return token <= .maximum ? token : nil
    }

    /// Fires what is due at `now`, then carries out the command, then grants what became free.
    ///
    /// - Parameters:
    ///   - command: What to do.
    ///   - now: When; an earlier time than `logTime` counts as `logTime`.
    ///   - effects: Receives what happened, in order, including what happened to the sender's own requests.
    /// - Returns: What the sender is told.
    package mutating func apply(_ command: Command, at now: LogTime, effects: inout [Effect]) -> Answer {
        logTime = max(logTime, min(now, .latest))
        fireTimers(&effects)
        serveTouched(&effects)
        let answer = carryOut(command, &effects)
        serveTouched(&effects)
        pruneTimers()
        return answer
    }

    private mutating func carryOut(_ command: Command, _ effects: inout [Effect]) -> Answer {
        switch command {
        case .openSession(let command): openSession(command)
        case .closeSession(let session): closeSession(session, &effects)
        case .renew(let session, let dedup): renew(session, dedup)
        case .expire(let session, let generation): expire(session, generation: generation, &effects)
        case .acquire(let command): acquire(command, &effects)
        case .cancel(let session, let request): cancel(session, request, &effects)
        case .release(let command): release(command, &effects)
        case .downgrade(let command): downgrade(command, &effects)
        case .handOver(let command): handOver(command, &effects)
        case .validate(let name, let token): .valid(isLive(token, of: name))
        case .forceRelease(let command): forceRelease(command, &effects)
        case .store(let command): store(command, &effects)
        case .advance: .done
        case .configure(let change): configure(change, &effects)
        }
    }
}

extension LogTime {
    /// A table's time stays below `.distantFuture`, which stands for never: a deadline of never must not pass.
    static var latest: LogTime { .init(nanoseconds: .max - 1) }
}

/// A lock whose queue may have become grantable.
struct TouchRecord: Sendable {
    var lock: Slot<LockRecord>
    /// Whether more than the head may be served: readers who wait for another of their names would be looked at in vain each
    /// time a reader comes or goes.
    var readersToo: Bool
}

/// Finds a waiter or a grant: request ids are unique within a session.
struct RequestKey: Hashable, Sendable {
    var session: SessionID
    var request: RequestID
}

/// Finds a holder among many of one lock.
struct HolderKey: Hashable, Sendable {
    var lock: Slot<LockRecord>
    var token: FencingToken
}
