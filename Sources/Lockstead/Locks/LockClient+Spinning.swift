import LockCore

extension LockClient {
    /// Tries again and again for a bounded moment, without a place in any queue.
    ///
    /// - Returns: The grant, or `nil` once the moment or the caller's patience is over.
    func spin(_ request: LockRequest, for call: Call) async throws -> Grant? {
        guard call.options.spinning > .zero, call.options.patience != .none else { return nil }
        let end = min(time.now.advanced(by: call.options.spinning), call.deadline ?? .distantFuture)
        var pauses = SpinPauses()
        while true {
            try Task.checkCancellation()
            var attempt = request
            // A request of its own each time: an attempt whose answer was lost is withdrawn under its own id.
            (attempt.id, attempt.wait) = (identifiers.make(), .never)
            if case .granted(let grant) = try await outcome(of: attempt, in: nil) { return grant }
            guard time.now < end else { return nil }
            try await pause(pauses.next(), notBeyond: end)
        }
    }

    private func pause(_ pause: TimeSpan, notBeyond end: ContinuousTime) async throws {
        guard pause > .zero else { return await Task.yield() }
        try await time.sleep(until: min(end, time.now + pause))
    }
}

/// How a spinning request gives way between two attempts: at first to other tasks only, then for longer and longer.
struct SpinPauses: Sendable {
    /// So often it only yields: a short critical section is over by then.
    static let yields = 8
    static let shortest = TimeSpan(nanoseconds: 50_000)
    static let longest = TimeSpan.milliseconds(2)

    private var taken = 0

    /// The next pause; zero: only yield.
    mutating func next() -> TimeSpan {
        defer { taken += 1 }
        guard taken >= Self.yields else { return .zero }
        return min(Self.longest, Self.shortest.doubled(taken - Self.yields))
    }
}
