import LockCore

/// Losses that were told of grants nobody has registered: most have crossed their release, but one may have overtaken its grant.
struct EarlyLosses: Sendable {
    /// So many are remembered, in the order of their arrival: far more than grants can be on the way at once.
    static let most = 1_024

    private var reasons: [RequestID: LossReason] = [:]
    private var order: [RequestID] = []
    private var oldest = 0

    mutating func remember(_ reason: LossReason, of id: RequestID) {
        reasons[id] = reason
        guard order.count == Self.most else { return order.append(id) }
        reasons[order[oldest]] = nil
        order[oldest] = id
        oldest = (oldest + 1) % Self.most
    }

    mutating func take(_ id: RequestID) -> LossReason? {
        reasons.isEmpty ? nil : reasons.removeValue(forKey: id)
    }
}
