import Lockstead
import Synchronization

/// What a waiting call hears while it waits.
final class Wake: Sendable {
    /// A hand-over that awaits its confirmation.
    private let token = Mutex<FencingToken?>(nil)
    let signal = WakeSignal()

    /// The token of a hand-over since the last call.
    func takeToken() -> FencingToken? { token.withLock { $0.take() } }

    func hear(_ granted: FencingToken?) {
        if let granted { token.withLock { $0 = granted } }
        signal.ring()
    }
}

/// Who waits in this client, by request: one request may have several callers.
final class Wakes: Sendable {
    private let waiting = Mutex<[RequestID: [Wake]]>([:])

    func add(_ request: RequestID) -> Wake {
        let wake = Wake()
        waiting.withLock { $0[request, default: []].append(wake) }
        return wake
    }

    func remove(_ wake: Wake, of request: RequestID) {
        waiting.withLock { waiting in
            waiting[request]?.removeAll { $0 === wake }
            if waiting[request]?.isEmpty ?? false { waiting[request] = nil }
        }
    }

    /// Wakes the callers of one request.
    ///
    /// - Returns: Whether there are any.
    @discardableResult
    func ring(_ request: RequestID, granted: FencingToken? = nil) -> Bool {
        let wakes = waiting.withLock { $0[request] ?? [] }
        for wake in wakes { wake.hear(granted) }
        return !wakes.isEmpty
    }

    /// Wakes everybody: something may have been missed.
    func ringAll() {
        let wakes = waiting.withLock { $0.values.flatMap(\.self) }
        for wake in wakes { wake.hear(nil) }
    }
}
