import Lockstead
import Synchronization

/// One of the independent servers: how it stands, and what it is still owed.
final class RedlockNode: Sendable {
    /// What is known of it.
    enum Standing: Sendable {
        /// Not looked at yet. Can transition to: `fit`, `unfit`, `unreachable`.
        case unknown
        /// It votes. Can transition to: `unknown`, when its connection is lost.
        case fit
        /// It would lose locks by itself. Can transition to: `fit`, `unreachable`.
        case unfit(LockError)
        /// Can transition to: `fit`, `unfit`.
        case unreachable(LockError)
    }

    let index: Int
    let endpoint: RedisEndpoint
    let client: any RedisClient
    /// The same server as an engine of its own: it judges, describes and revokes there, and is never run.
    let single: RedisBackend
    let debts = NodeDebts()
    /// Rung when it is to be looked at, or is owed something.
    let attention = WakeSignal()
    private let state = Mutex((standing: Standing.unknown, doubts: 0))

    init(
        _ index: Int, _ endpoint: RedisEndpoint, client: any RedisClient, engine: RedlockEngine, context: EngineContext
    ) throws(LockError) {
        (self.index, self.endpoint, self.client) = (index, endpoint, client)
        single = try RedisBackend(engine.node(endpoint), client: client, context: context)
    }

    var standing: Standing { state.withLock(\.standing) }
    /// How often another server may have come to stand behind it.
    var doubts: Int { state.withLock(\.doubts) }

    /// Takes a judgement, unless it may be of a server that stands there no more.
    func stand(_ standing: Standing, since doubts: Int) {
        state.withLock { $0.standing = $0.doubts == doubts ? standing : .unknown }
    }

    var isFit: Bool { if case .fit = standing { true } else { false } }
    var isUnknown: Bool { if case .unknown = standing { true } else { false } }
    /// Whether it votes, or may do so soon: one reading, since a node's standing may change between two.
    var isHopeful: Bool {
        switch standing {
        case .unknown, .fit: true
        case .unfit, .unreachable: false
        }
    }

    /// Why it does not vote; `nil` where it does, or nothing is known.
    var problem: LockError? {
        switch standing {
        case .unfit(let error), .unreachable(let error): error
        case .unknown, .fit: nil
        }
    }

    /// Another server may be behind the next connection.
    func doubt() {
        single.verdict.forget()
        state.withLock { state in
            state.doubts += 1
            if case .fit = state.standing { state.standing = .unknown }
        }
        attention.ring()
    }

    /// Has the node run a script as soon as it can be reached, if that is before `end`.
    func owe(_ call: RedisScriptCall, until end: ContinuousTime) {
        debts.add(call, until: end)
        attention.ring()
    }
}

/// What a node could not be told, and is to be told once it is there again.
final class NodeDebts: Sendable {
    private struct Debt {
        let call: RedisScriptCall
        let end: ContinuousTime
    }

    /// Beyond this the oldest are left to the ends of their leases.
    private static let most = 10_000
    private let state = Mutex<[Debt]>([])

    var isEmpty: Bool { state.withLock(\.isEmpty) }

    func add(_ call: RedisScriptCall, until end: ContinuousTime) {
        state.withLock { debts in
            if debts.count >= Self.most { debts.removeFirst(Self.most / 10) }
            debts.append(Debt(call: call, end: end))
        }
    }

    /// Takes up to so many out that are still worth it, with their ends.
    func take(_ count: Int, at now: ContinuousTime) -> [(call: RedisScriptCall, end: ContinuousTime)] {
        state.withLock { debts in
            debts.removeAll { $0.end <= now }
            let taken = debts.prefix(count).map { ($0.call, $0.end) }
            debts.removeFirst(taken.count)
            return taken
        }
    }
}
