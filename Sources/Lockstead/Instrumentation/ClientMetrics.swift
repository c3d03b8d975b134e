import LockCore
import Metrics

/// The metrics of one client, made once: counting allocates nothing.
///
/// Labels are engine, mode, outcome and reason; never a name, an owner or a token, which would have no bound.
final class ClientMetrics: Sendable {
    /// The sides of a lock that metrics tell apart.
    enum Mode: Int, CaseIterable {
        case exclusive, shared, permits
        init(_ mode: LockMode) {
            switch mode {
            case .exclusive: self = .exclusive
            case .shared: self = .shared
            case .permits: self = .permits
            }
        }
    }

    private struct PerMode: Sendable {
        let attempts: [AcquireResult: Counter]
        let contention: Counter
        let wait: Metrics.Timer
        let hold: Metrics.Timer
        let held: Metrics.Timer
        let renewMargin: Recorder
        let waiters: Meter
    }

    private let modes: [PerMode]
    private let expirations: [String: Counter]

    /// `nil` where nobody collects metrics: then there is nothing to make or to count.
    static func make(engine: String, factory: any MetricsFactory = MetricsSystem.factory) -> ClientMetrics? {
        factory is NOOPMetricsHandler ? nil : ClientMetrics(engine: engine, factory: factory)
    }

    init(engine: String, factory: any MetricsFactory) {
        modes = Mode.allCases.map { Self.perMode("\($0)", engine, factory) }
        expirations = Dictionary(
            uniqueKeysWithValues: LossReason.labels.map { reason in
                let labels = [("backend", engine), ("reason", reason)]
                return (
                    reason,
                    Counter(label: "lockstead_session_expirations_total", dimensions: labels, factory: factory)
                )
            })
    }

    private static func perMode(_ mode: String, _ engine: String, _ factory: any MetricsFactory) -> PerMode {
        let labels = [("backend", engine), ("mode", mode)]
        let attempts = AcquireResult.allCases.map { result in
            let counter = Counter(
                label: "lockstead_acquire_attempts_total", dimensions: labels + [("outcome", result.rawValue)],
                factory: factory)
            return (result, counter)
        }
        return PerMode(
            attempts: Dictionary(uniqueKeysWithValues: attempts),
            contention: Counter(label: "lockstead_contention_total", dimensions: labels, factory: factory),
            wait: Metrics.Timer(label: "lockstead_wait_duration_seconds", dimensions: labels, factory: factory),
            hold: Metrics.Timer(label: "lockstead_hold_duration_seconds", dimensions: labels, factory: factory),
            held: Metrics.Timer(
                label: "lockstead_held_duration_seconds", dimensions: labels, preferredDisplayUnit: .seconds,
                factory: factory),
            renewMargin: Recorder(label: "lockstead_renew_margin_seconds", dimensions: labels, factory: factory),
            waiters: Meter(label: "lockstead_waiters", dimensions: labels, factory: factory))
    }

    func attemptBegan(_ mode: LockMode) { of(mode).waiters.increment() }

    /// `wait` is how long the attempt took; one that another holder turned away counts as contention.
    func attemptEnded(_ mode: LockMode, _ result: AcquireResult, wait: Duration) {
        let metrics = of(mode)
        metrics.waiters.decrement()
        metrics.attempts[result]?.increment()
        metrics.wait.recordNanoseconds(TimeSpan(wait).nanoseconds)
        if result == .busy || result == .timedOut { metrics.contention.increment() }
    }

    func reentered(_ mode: LockMode) { of(mode).attempts[.reentered]?.increment() }

    func released(_ mode: LockMode, held: Duration) {
        let nanoseconds = TimeSpan(held).nanoseconds
        of(mode).hold.recordNanoseconds(nanoseconds)
        of(mode).held.recordNanoseconds(nanoseconds)
    }

    func renewed(_ mode: LockMode, margin: Duration) {
        of(mode).renewMargin.record(Double(TimeSpan(margin).nanoseconds) / 1e9)
    }

    func lost(_ reason: LossReason) { expirations[reason.label]?.increment() }

    private func of(_ mode: LockMode) -> PerMode { modes[Mode(mode).rawValue] }
}

extension LossReason {
    /// The reason as a label, without the words that go with it.
    var label: String {
        switch self {
        case .expired: "expired"
        case .revoked: "revoked"
        case .stalled: "stalled"
        case .holdLimit: "hold_limit"
        case .superseded: "superseded"
        case .engineLost: "engine_lost"
        case .abandoned: "abandoned"
        case .released: "released"
        }
    }

    static let labels = [
        "expired", "revoked", "stalled", "hold_limit", "superseded", "engine_lost", "abandoned", "released",
    ]
}
