import LockCore

/// A table with a hand on its clock, so that tests read as stories.
struct TableDriver {
    var table: LockTable
    var now = LogTime.zero
    private(set) var effects: [Effect] = []
    private var requests: UInt64 = 0

    static let first = SessionID(high: 0, low: 1)
    static let second = SessionID(high: 0, low: 2)

    /// Opens both sessions with a lease of ten seconds.
    init(limits: TableLimits = TableLimits()) {
        table = LockTable(limits: limits)
        for session in [Self.first, Self.second] {
            _ = apply(.openSession(.init(session: session, identity: "tests", timeToLive: .seconds(10))))
        }
    }

    @discardableResult
    mutating func apply(_ command: Command) -> Answer {
        effects = []
        return table.apply(command, at: now, effects: &effects)
    }

    /// Lets time pass and fires what is due.
    mutating func pass(seconds: Int64) {
        now = now + .seconds(seconds)
        apply(.advance)
    }

    mutating func request(
        _ names: String..., owner: UInt64, session: SessionID = first, mode: LockMode = .exclusive, wait: Int64? = nil
    ) throws -> Command.Acquire {
        requests += 1
        return Command.Acquire(
            session: session, request: RequestID(high: 0, low: requests), owner: OwnerID(high: 0, low: owner),
            names: try names.map { try LockName($0) }, mode: mode, waitUntil: wait.map { now + .seconds($0) })
    }

    mutating func acquire(
        _ names: String..., owner: UInt64, session: SessionID = first, mode: LockMode = .exclusive, wait: Int64? = nil
    ) throws -> Answer {
        requests += 1
        return apply(
            .acquire(
                Command.Acquire(
                    session: session, request: RequestID(high: 0, low: requests), owner: OwnerID(high: 0, low: owner),
                    names: try names.map { try LockName($0) }, mode: mode, waitUntil: wait.map { now + .seconds($0) })))
    }

    @discardableResult
    mutating func release(_ grant: GrantRecord) -> Answer {
        apply(.release(.init(session: grant.session, names: grant.names, token: grant.token)))
    }

    /// The grants of the last command's effects.
    var granted: [GrantRecord] {
        effects.compactMap { if case .granted(let grant) = $0 { grant } else { nil } }
    }
}

extension Answer {
    /// The grant, where there is one.
    var grant: GrantRecord? {
        switch self {
        case .granted(let grant), .downgraded(let grant): grant
        default: nil
        }
    }
}
