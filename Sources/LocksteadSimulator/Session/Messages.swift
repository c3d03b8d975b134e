import LockCore

/// What a client sends to the service.
struct SessionRequest {
    enum Body {
        case open(SessionID, TimeSpan)
        case heartbeat(SessionID)
        /// How long to wait is a span: the leader makes a deadline of it (RULES 4).
        case acquire(Command.Acquire, waitingAtMost: TimeSpan?)
        case command(Command)
    }

    var client: Int
    /// Whose answer it is: what a client asks for in one session is not told in another.
    var session: SessionID
    /// Which answer belongs to it; every copy of one request bears the same.
    var number: UInt64
    var body: Body
}

/// What the service sends to a client.
struct SessionReply {
    enum Body {
        case answer(Answer)
        /// The session lives; these of its grants are revoked.
        case renewed(revoked: [FencingToken])
        case lost
        case unknown
        /// A wait ended with this grant.
        case granted(GrantRecord)
        case waitEnded(RequestID)
        case revoked(FencingToken)
    }

    var client: Int
    var session: SessionID
    var number: UInt64
    var body: Body
    /// The newest message of the session that this leader had when it said so: what it tells was true after that one was sent.
    var heard: UInt64?
}

/// One operation at a guarded resource.
struct GuardedOperation {
    enum Kind {
        case read
        /// Rests on this version, as the grant's read had it.
        case write(after: UInt64)
    }

    var client: Int
    var name: LockName
    var token: FencingToken
    var kind: Kind
}

/// A counter that refuses stale tokens (RULES 8).
struct GuardedResource {
    private(set) var highest: UInt64 = 0
    private(set) var version: UInt64 = 0
    private var writer: FencingToken?
    let bug: SessionBug?

    init(bug: SessionBug?) { self.bug = bug }

    /// - Returns: The version read or written, or `nil` where the token was refused; and what was wrong.
    mutating func perform(_ operation: GuardedOperation) -> (version: UInt64?, problem: String?) {
        let isWrite = if case .write = operation.kind { true } else { false }
        if isWrite || bug != .guardChecksWritesOnly {
            if operation.token.rawValue < highest, bug != .guardIgnoresToken { return (nil, nil) }
            if operation.token.rawValue < highest {
                return (nil, "S6: \(operation.name) took a token below one it had seen")
            }
            highest = operation.token.rawValue
        }
        guard case .write(let basis) = operation.kind else { return (version, nil) }
        if basis != version, writer != operation.token { return (nil, "S6b: an update of \(operation.name) was lost") }
        version += 1
        writer = operation.token
        return (version, nil)
    }
}
