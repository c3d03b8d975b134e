import Lockstead

/// What this client holds, and when each of it ends by itself.
struct HoldBook: Sendable {
    /// One grant.
    struct Hold: Sendable {
        let request: LockRequest
        let session: EtcdSession
        let keys: [KeyBytes]
        let created: Int64
        /// When the sign of life was sent that last proved it.
        var renewedAt: ContinuousTime
        let limit: ContinuousTime?
        /// Whether something of its request may still be under way.
        let isDoubtful: Bool
        /// How it ended, where it did without a release.
        var loss: LossReason?
        /// Whether it was given back, or had been lost before, and nobody knows which.
        var isReleaseUnknown = false
        /// Whether it has become a shared one.
        var isShared = false

        /// A holder that is not renewed is ended, though others keep the lease alive.
        var end: ContinuousTime { min(renewedAt.advanced(by: request.lease), limit ?? .distantEnd) }
        var mode: LockMode { isShared ? .shared : request.mode }
    }

    private var holds: [RequestID: Hold] = [:]
    /// So that one of ten thousand costs no look at the others.
    private var ends = DueTimes<RequestID>()

    subscript(request: RequestID) -> Hold? { holds[request] }

    /// The grant itself, not another of the same request.
    func hold(of grant: Grant) -> Hold? {
        guard let hold = holds[grant.request], hold.created == Int64(clamping: grant.token.rawValue) else { return nil }
        return hold
    }

    /// Notes a grant; one that is told twice is the same.
    mutating func add(_ hold: Hold) -> Bool {
        if let known = holds[hold.request.id], known.created == hold.created { return false }
        holds[hold.request.id] = hold
        ends.plan(hold.request.id, at: hold.end)
        return true
    }

    /// Ends an entry, unless the request has another grant meanwhile.
    mutating func remove(_ request: RequestID, created: Int64) -> Hold? {
        guard holds[request]?.created == created else { return nil }
        ends.remove(request)
        return holds.removeValue(forKey: request)
    }

    mutating func renewed(_ request: RequestID, created: Int64, at moment: ContinuousTime) {
        guard let hold = holds[request], hold.created == created, hold.loss == nil else { return }
        holds[request]?.renewedAt = max(hold.renewedAt, moment)
        ends.plan(request, at: holds[request]?.end)
    }

    mutating func releaseIsUnknown(_ request: RequestID, created: Int64) {
        guard holds[request]?.created == created else { return }
        holds[request]?.isReleaseUnknown = true
    }

    mutating func downgraded(_ request: RequestID, created: Int64) {
        guard holds[request]?.created == created else { return }
        holds[request]?.isShared = true
    }

    /// It was lost, and stays here until it is given back or runs out.
    mutating func lost(_ request: RequestID, _ reason: LossReason) -> Bool {
        guard let hold = holds[request], hold.loss == nil else { return false }
        holds[request]?.loss = reason
        return true
    }

    /// All that rests on a session is lost with it; what was not lost before.
    mutating func lost(_ session: EtcdSession) -> [RequestID] {
        let requests = holds.values.filter { $0.session === session && $0.loss == nil }.map(\.request.id)
        return requests.filter { lost($0, .expired) }
    }

    /// Whose time has come, told once, and when the next one's does.
    mutating func due(at now: ContinuousTime) -> (ended: [Hold], next: ContinuousTime?) {
        (ends.take(at: now).compactMap { holds[$0] }, ends.next)
    }
}

extension ContinuousTime {
    /// The far end of the clock.
    static var distantEnd: ContinuousTime { ContinuousTime(nanoseconds: .max) }
}
