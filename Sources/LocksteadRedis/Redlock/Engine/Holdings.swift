import Lockstead
import Synchronization

/// What this client holds, by the requests that asked for it: what the nodes know is the attempt, not the request.
final class Holdings: Sendable {
    /// One grant, and what of it may still be on its way.
    struct Holding: Sendable {
        let request: LockRequest
        var grant: Grant
        let attempt: RequestID
        let since: ContinuousTime
        let round: Gathering<AcquireRound>
        /// Set as it is given back; see ``RedlockBackend/Attempt``.
        let isOver: OnceFlag
        /// Nodes to which it is being given back by a healing extension.
        var healing: Set<Int> = []
        /// Nodes where such an extension had no answer, and may arrive yet.
        var unansweredHealing: Set<Int> = []
        var isEnding = false
        var isRevoked = false

        /// Whether the lease may still be believed.
        func isValid(at now: ContinuousTime) -> Bool {
            guard case .armed(let start, let lease) = grant.validity else { return false }
            return now < start + LeaseRules.validity(of: TimeSpan(lease))
        }

        /// Nodes where something of the attempt may arrive yet.
        ///
        /// What is under way arrives before a release that follows it on the one connection, or is given back on arrival.
        var doubtful: Set<Int> { round.machine.lost.union(healing).union(unansweredHealing) }
    }

    fileprivate struct State {
        var holdings: [RequestID: Holding] = [:]
        var requests: [RequestID: RequestID] = [:]
        var nextPurge = 1_024

        mutating func remove(_ request: RequestID) {
            if let holding = holdings.removeValue(forKey: request) { requests[holding.attempt] = nil }
        }
    }

    private let state = Mutex(State())

    func add(_ holding: Holding, at now: ContinuousTime) {
        state.withLock { state in
            state.purge(at: now)
            state.remove(holding.request.id)
            state.holdings[holding.request.id] = holding
            state.requests[holding.attempt] = holding.request.id
        }
    }

    func holding(of request: RequestID) -> Holding? { state.withLock { $0.holdings[request] } }

    /// The holding behind a grant; `nil` where this client has none such.
    func holding(of grant: Grant) -> Holding? {
        holding(of: grant.request).flatMap { $0.grant.token == grant.token ? $0 : nil }
    }

    /// Forgets it, unless the same request has got another grant meanwhile.
    func remove(_ holding: Holding) {
        state.withLock { state in
            guard state.holdings[holding.request.id]?.attempt == holding.attempt else { return }
            state.remove(holding.request.id)
        }
    }

    /// From here on nothing of it is sent but its release.
    ///
    /// - Returns: The holding as it was, so that a release that is repeated is known as one; `nil` where this client has none such.
    func end(_ grant: Grant) -> Holding? {
        state.withLock { state in
            guard let holding = state.holdings[grant.request], holding.grant.token == grant.token else { return nil }
            state.holdings[grant.request]?.isEnding = true
            return holding
        }
    }

    /// Takes note of a renewal.
    func renewed(_ holding: Holding, _ validity: Grant.Validity) {
        state.withLock { state in
            guard state.holdings[holding.request.id]?.attempt == holding.attempt else { return }
            state.holdings[holding.request.id]?.grant.validity = validity
        }
    }

    /// Takes note that a node is being healed, unless the grant is ending.
    func beginHealing(_ request: RequestID, on node: Int) -> Bool {
        state.withLock { state in
            guard let holding = state.holdings[request], !holding.isEnding, !holding.healing.contains(node) else {
                return false
            }
            state.holdings[request]?.healing.insert(node)
            return true
        }
    }

    /// A healing is over; one that had no answer is tried again by the next renewal.
    func healed(_ request: RequestID, on node: Int, isAnswered: Bool) {
        state.withLock { state in
            state.holdings[request]?.healing.remove(node)
            if !isAnswered { state.holdings[request]?.unansweredHealing.insert(node) }
        }
    }

    /// The request whose attempt was revoked; `nil` where that is known already, or the attempt is not ours.
    func revoke(attempt: RequestID) -> RequestID? {
        state.withLock { state in
            guard let request = state.requests[attempt], state.holdings[request]?.isRevoked == false else { return nil }
            state.holdings[request]?.isRevoked = true
            return request
        }
    }
}

extension Holdings.State {
    /// Grants that nobody released are forgotten some time after their leases.
    fileprivate mutating func purge(at now: ContinuousTime) {
        guard holdings.count >= nextPurge else { return }
        for (request, holding) in holdings {
            guard case .armed(let start, let lease) = holding.grant.validity, start.advanced(by: lease * 2) < now else {
                continue
            }
            remove(request)
        }
        nextPurge = max(1_024, holdings.count * 2)
    }
}
