package import LockCore

/// What this client holds, and when each of it ends by itself.
package struct StoredHolds<Session: AnyObject & Sendable, Key: Hashable & Sendable>: Sendable {
    /// One grant.
    package struct Hold: Sendable {
        package let request: LockRequest
        package let session: Session
        package let keys: [Key]
        package let created: Int64
        /// When the sign of life was sent that last proved it.
        package var renewedAt: ContinuousTime
        package let limit: ContinuousTime?
        /// Whether something of its request may still be under way.
        package let isDoubtful: Bool
        /// How it ended, where it did without a release.
        package var loss: LossReason?
        /// Whether it was given back, or had been lost before, and nobody knows which.
        package var isReleaseUnknown = false
        /// Whether it has become a shared one.
        package var isShared = false

        package init(
            request: LockRequest, session: Session, keys: [Key], created: Int64, renewedAt: ContinuousTime,
            limit: ContinuousTime?, isDoubtful: Bool
        ) {
            (self.request, self.session, self.keys, self.created) = (request, session, keys, created)
            (self.renewedAt, self.limit, self.isDoubtful) = (renewedAt, limit, isDoubtful)
        }

        /// A holder that is not renewed is ended, though others keep the lease alive.
        package var end: ContinuousTime { min(renewedAt.advanced(by: request.lease), limit ?? .distantEnd) }
        package var mode: LockMode { isShared ? .shared : request.mode }
    }

    private var holds: [RequestID: Hold] = [:]
    /// So that one of ten thousand costs no look at the others.
    private var ends = DueTimes<RequestID>()

    package init() {}

    package subscript(request: RequestID) -> Hold? { holds[request] }

    /// The grant itself, not another of the same request.
    package func hold(of grant: Grant) -> Hold? {
        guard let hold = holds[grant.request], hold.created == Int64(clamping: grant.token.rawValue) else { return nil }
        return hold
    }

    /// Notes a grant; one that is told twice is the same.
    package mutating func add(_ hold: Hold) -> Bool {
        if let known = holds[hold.request.id], known.created == hold.created { return false }
        holds[hold.request.id] = hold
        ends.plan(hold.request.id, at: hold.end)
        return true
    }

    /// Ends an entry, unless the request has another grant meanwhile.
    package mutating func remove(_ request: RequestID, created: Int64) -> Hold? {
        guard holds[request]?.created == created else { return nil }
        ends.remove(request)
        return holds.removeValue(forKey: request)
    }

    package mutating func renewed(_ request: RequestID, created: Int64, at moment: ContinuousTime) {
        guard let hold = holds[request], hold.created == created, hold.loss == nil else { return }
        holds[request]?.renewedAt = max(hold.renewedAt, moment)
        ends.plan(request, at: holds[request]?.end)
    }

    package mutating func releaseIsUnknown(_ request: RequestID, created: Int64) {
        guard holds[request]?.created == created else { return }
        holds[request]?.isReleaseUnknown = true
    }

    package mutating func downgraded(_ request: RequestID, created: Int64) {
        guard holds[request]?.created == created else { return }
        holds[request]?.isShared = true
    }

    /// It was lost, and stays here until it is given back or runs out.
    package mutating func lost(_ request: RequestID, _ reason: LossReason) -> Bool {
        guard let hold = holds[request], hold.loss == nil else { return false }
        holds[request]?.loss = reason
        return true
    }

    /// All that rests on a session is lost with it; what was not lost before.
    package mutating func lost(_ session: Session) -> [RequestID] {
        requests(of: session).filter { lost($0, .expired) }
    }

    /// What rests on a session and was not lost.
    package func requests(of session: Session) -> [RequestID] {
        holds.values.filter { $0.session === session && $0.loss == nil }.map(\.request.id)
    }

    /// Whose time has come, told once, and when the next one's does.
    package mutating func due(at now: ContinuousTime) -> (ended: [Hold], next: ContinuousTime?) {
        (ends.take(at: now).compactMap { holds[$0] }, ends.next)
    }
}

extension ContinuousTime {
    /// The far end of the clock.
    package static var distantEnd: ContinuousTime { ContinuousTime(nanoseconds: .max) }
}

extension LossReason {
    /// Whether an operator took it away; whoever lost it so and does not give it back runs out like anybody else.
    package var isRevocation: Bool { if case .revoked = self { true } else { false } }
}
