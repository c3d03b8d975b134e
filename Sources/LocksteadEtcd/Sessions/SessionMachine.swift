import Lockstead

/// What is known of one lease of etcd: until when it certainly lives, and when the next sign of life is due.
struct SessionMachine: Sendable, Equatable {
    /// How long the cluster keeps it without a sign of life.
    let span: Duration
    /// When the last sign of life that was answered was sent.
    private(set) var armedAt: ContinuousTime
    private(set) var isGone = false

    init(span: Duration, armedAt: ContinuousTime) { (self.span, self.armedAt) = (span, armedAt) }

    /// Until when the cluster keeps it, whatever happens; afterwards nobody knows.
    var certainUntil: ContinuousTime { armedAt.advanced(by: span * 98 / 100) }

    /// When a sign of life is due: it leaves time for two more.
    var refreshDue: ContinuousTime { armedAt.advanced(by: span / 3) }

    /// Whether new requests may rest on it.
    func isUsable(at now: ContinuousTime) -> Bool { !isGone && now < certainUntil }

    /// A sign of life was answered.
    ///
    /// Counted from its sending; an answer that overtook a later one moves nothing back.
    mutating func keptAlive(sent: ContinuousTime) {
        guard !isGone else { return }
        armedAt = max(armedAt, sent)
    }

    /// The cluster does not know it any more; it never comes back.
    mutating func ended() { isGone = true }
}
