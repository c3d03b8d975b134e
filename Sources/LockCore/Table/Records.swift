/// A session: what a client renews, and all that falls with it.
struct SessionRecord: SlabRecord {
    var id: SessionID
    var identity: String
    var timeToLive: TimeSpan
    /// Counts logged renewals only (RULES 22e).
    var generation: UInt64 = 0
    var holders = ListEnds<HolderRecord>()
    var waiters = ListEnds<WaiterRecord>()
    var grantCount = 0
    var waiterCount = 0
    /// The client has all answers up to here.
    var doneThrough: UInt64 = 0
    /// Answers kept for retries, by rising sequence.
    var answers: [DedupRecord] = []

    mutating func vacate() { (identity, answers) = ("", []) }
}

/// One answer kept for retries.
///
/// `answer` is missing while the request waits.
struct DedupRecord: Sendable, Hashable {
    var sequence: UInt64
    /// What was asked, so that a sequence used twice is noticed.
    var fingerprint: UInt64
    var answer: Answer?
}

/// A name that someone holds or awaits.
///
/// It vanishes with its last entry; the token is the table's, so nothing is lost.
struct LockRecord: SlabRecord {
    var name: LockName
    var kind: LockKind
    var holders = ListEnds<HolderRecord>()
    var queue = ListEnds<QueueRecord>()
    var holderCount = 0
    var exclusiveHolders = 0
    var permitsInUse = 0
    var waiterCount = 0
    var fairWaiters = 0
    var exclusiveWaiters = 0
    /// Readers behind it wait; those before it may enter.
    var firstExclusiveWaiter: Slot<QueueRecord>?

    mutating func vacate() { name = .vacant }
}

/// One name of one grant; also what keeps the name closed after it (see `HolderPhase`).
struct HolderRecord: SlabRecord {
    var lock: Slot<LockRecord>
    /// `nil` once the entry only keeps the name closed.
    var session: Slot<SessionRecord>?
    var sessionID: SessionID
    var owner: OwnerID
    var request: RequestID
    /// All names of the grant; this record is the one at `part`.
    var names: [LockName]
    var part: UInt8
    var mode: LockMode
    var token: FencingToken
    var count: UInt32 = 1
    var phase = HolderPhase.held
    var grantedAt: LogTime
    var lockDelay: TimeSpan
    var minimumHoldEnd: LogTime
    /// `.distantFuture` where there is no cap.
    var maximumHoldEnd: LogTime
    var note: HolderNote
    var inLock = ListLinks<HolderRecord>()
    var inSession = ListLinks<HolderRecord>()
    var ofOwner = ListLinks<HolderRecord>()

    /// When this record does something by itself.
    var due: LogTime {
        switch phase {
        case .held: maximumHoldEnd
        case .revoked(let until), .lockDelay(let until), .minimumHold(let until): until
        }
    }

    var requestKey: RequestKey { RequestKey(session: sessionID, request: request) }

    /// Whether an owner stands behind it.
    var isLive: Bool {
        switch phase {
        case .held, .revoked: true
        case .lockDelay, .minimumHold: false
        }
    }
}

/// One waiting request, with an entry in the queue of each of its names.
struct WaiterRecord: SlabRecord {
    var session: Slot<SessionRecord>
    var command: Command.Acquire
    var entries: [Slot<QueueRecord>] = []
    var deadline: LogTime
    var since: LogTime
    /// RULES 14: the place in every queue, before all of lower priority and after all that came earlier.
    var priority: Int8
    var arrival: UInt64
    var overtaken: UInt8 = 0
    var inSession = ListLinks<WaiterRecord>()
    var ofOwner = ListLinks<WaiterRecord>()
}

/// A waiter's place in the queue of one name.
struct QueueRecord: SlabRecord {
    var waiter: Slot<WaiterRecord>
    var lock: Slot<LockRecord>
    var links = ListLinks<QueueRecord>()
}

/// What an owner holds and awaits: the nodes of the wait-for graph.
///
/// Vanishes when both are empty.
struct OwnerRecord: Sendable {
    var holders = ListEnds<HolderRecord>()
    var waiters = ListEnds<WaiterRecord>()
    var isEmpty: Bool { holders.isEmpty && waiters.isEmpty }
}

extension HolderRecord {
    mutating func vacate() { (names, note) = ([], HolderNote()) }

    enum InLock: ListAxis {
        static func links(of record: HolderRecord) -> ListLinks<HolderRecord> { record.inLock }
        static func update(_ record: inout HolderRecord, _ change: (inout ListLinks<HolderRecord>) -> Void) {
            change(&record.inLock)
        }
    }

    enum InSession: ListAxis {
        static func links(of record: HolderRecord) -> ListLinks<HolderRecord> { record.inSession }
        static func update(_ record: inout HolderRecord, _ change: (inout ListLinks<HolderRecord>) -> Void) {
            change(&record.inSession)
        }
    }

    enum OfOwner: ListAxis {
        static func links(of record: HolderRecord) -> ListLinks<HolderRecord> { record.ofOwner }
        static func update(_ record: inout HolderRecord, _ change: (inout ListLinks<HolderRecord>) -> Void) {
            change(&record.ofOwner)
        }
    }
}

extension WaiterRecord {
    mutating func vacate() { (command.names, command.note, entries) = ([], HolderNote(), []) }

    enum InSession: ListAxis {
        static func links(of record: WaiterRecord) -> ListLinks<WaiterRecord> { record.inSession }
        static func update(_ record: inout WaiterRecord, _ change: (inout ListLinks<WaiterRecord>) -> Void) {
            change(&record.inSession)
        }
    }

    enum OfOwner: ListAxis {
        static func links(of record: WaiterRecord) -> ListLinks<WaiterRecord> { record.ofOwner }
        static func update(_ record: inout WaiterRecord, _ change: (inout ListLinks<WaiterRecord>) -> Void) {
            change(&record.ofOwner)
        }
    }
}

extension QueueRecord {
    func vacate() {}

    enum InQueue: ListAxis {
        static func links(of record: QueueRecord) -> ListLinks<QueueRecord> { record.links }
        static func update(_ record: inout QueueRecord, _ change: (inout ListLinks<QueueRecord>) -> Void) {
            change(&record.links)
        }
    }
}
