import LockCore

/// What a call asks for, gathered from its parameters.
struct AcquireOptions: Sendable {
    /// How long to wait.
    enum Patience: Sendable, Hashable {
        case none
        case atMost(Duration)
        case unlimited
    }

    var mode: LockMode
    var patience: Patience
    var lease: Duration?
    /// `nil`: in order where the engine keeps one.
    var fairness: Fairness?
    var require: Guarantee.Requirement?
    var reentry: Reentry
    var terms: HoldTerms
    var priority: Int8
    var purpose: String
    /// For how long to try in place before queueing.
    var spinning = Duration.zero
    /// Whether the request itself stands in the engine's queue, never a local one on its behalf: its note tells who it is.
    var isPersonal = false

    func fairness(on engine: Capabilities) -> Fairness {
        fairness ?? (engine.features.contains(.fair) ? .fair : .barging)
    }

    /// When the wait is over, counted from `now`; `nil`: never.
    func deadline(from now: ContinuousTime) -> ContinuousTime? {
        switch patience {
        case .none: now
        case .atMost(let duration): now.advanced(by: duration)
        case .unlimited: nil
        }
    }

    func wait(until deadline: ContinuousTime?) -> LockRequest.Wait {
        switch patience {
        case .none: .never
        case .atMost(.zero): .never
        case .atMost, .unlimited: deadline.map { .until($0) } ?? .forever
        }
    }
}

extension AcquireOptions.Patience {
    init(_ waitingAtMost: Duration?) { self = waitingAtMost.map { .atMost($0) } ?? .unlimited }
}
