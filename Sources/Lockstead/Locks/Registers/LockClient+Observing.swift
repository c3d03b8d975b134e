import LockCore

extension LockClient {
    /// RULES 20: who waits looks again after so long at the latest, whatever wake-up was lost.
    static let observationFallback = Duration.seconds(1)

    /// Waits until `look` finds what it looks for: looks at once, and again at every change of the name that `concerns` it.
    ///
    /// It watches before it looks, so that no change falls between; a failing engine is looked at again until the end.
    ///
    /// - Parameters:
    ///   - name: The name to watch.
    ///   - end: When to give up; `nil`: never.
    ///   - what: What is waited for, for messages.
    ///   - concerns: Which changes may have brought it about.
    ///   - look: Looks; `nil` where it is not there yet.
    /// - Returns: What it found.
    /// - Throws: `LockError` with `timedOut`; with `shutDown` where the client stops; `CancellationError`; what `look` throws.
    func observe<R: Sendable>(
        _ name: LockName, until end: ContinuousTime?, for what: String,
        concerns: @escaping @Sendable (LockChange.Kind) -> Bool = { $0 == .registerChanged },
        _ look: @Sendable () async throws -> R?
    ) async throws -> R {
        try await awaitRunning(until: end)
        let news = Signal()
        let changes = backend.changes(prefix: name.text)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Where the stream ends, by an error or without, the fallback timer serves.
                do {
                    for try await change in changes where change.name == name && concerns(change.kind) { news.set() }
                } catch {}
            }
            defer { group.cancelAll() }
            return try await self.look(again: news, until: end, "\(what) of \"\(name)\"", look)
        }
    }

    private func look<R: Sendable>(
        again news: Signal, until end: ContinuousTime?, _ what: String, _ look: @Sendable () async throws -> R?
    ) async throws -> R {
        var failure: LockError?
        while true {
            // Cleared before the look: a change during it brings another.
            news.clear()
            try Task.checkCancellation()
            try await awaitRunning(until: time.now)
            do {
                if let found = try await look() { return found }
                failure = nil
            } catch let error as LockError where error.isPassing {
                failure = error
            }
            if let end, time.now >= end { throw failure ?? Self.timedOut(what) }
            await news.wait(
                until: min(end ?? .distantFuture, time.now.advanced(by: Self.observationFallback)), time: time)
        }
    }

    private static func timedOut(_ what: String) -> LockError {
        LockError(
            .timedOut, "The wait for \(what) was over before it came about. Wait longer, or find out who is missing.",
            effect: .didNotHappen)
    }
}
