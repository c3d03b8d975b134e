import Lockstead
import RESP
import Synchronization

/// What a waiting call hears while it waits.
final class Wake: Sendable {
    /// A hand-over that the server was asked to confirm, and its answer.
    struct Confirmation: Sendable {
        let token: FencingToken
        let sent: ContinuousTime
        let answer: Result<RESPValue, RedisError>
    }

    private let confirmation = Mutex<Confirmation?>(nil)
    let signal = WakeSignal()

    /// The answer about a hand-over since the last call.
    func takeConfirmation() -> Confirmation? { confirmation.withLock { $0.take() } }

    func hear(_ confirmation: Confirmation) {
        self.confirmation.withLock { $0 = confirmation }
        signal.ring()
    }
}

/// Who waits in this client, by request: one request may have several callers.
final class Wakes: Sendable {
    private let waiting = Mutex<[RequestID: [RedisBackend.Ask]]>([:])

    func add(_ ask: RedisBackend.Ask) { waiting.withLock { $0[ask.request.id, default: []].append(ask) } }

    func remove(_ ask: RedisBackend.Ask) {
        waiting.withLock { waiting in
            waiting[ask.request.id]?.removeAll { $0.wake === ask.wake }
            if waiting[ask.request.id]?.isEmpty ?? false { waiting[ask.request.id] = nil }
        }
    }

    func asks(of request: RequestID) -> [RedisBackend.Ask] { waiting.withLock { $0[request] ?? [] } }

    /// Wakes the callers of one request.
    func ring(_ request: RequestID) {
        for ask in asks(of: request) { ask.wake?.signal.ring() }
    }

    /// Wakes those who wait in a slot of a cluster.
    func ring(in slot: ClusterSlot) {
        let asks = waiting.withLock { $0.values.flatMap(\.self) }
        for ask in asks where ask.keys.first.map({ ClusterSlot(of: $0.main) == slot }) ?? false {
            ask.wake?.signal.ring()
        }
    }

    /// Wakes everybody: something may have been missed.
    func ringAll() {
        let asks = waiting.withLock { $0.values.flatMap(\.self) }
        for ask in asks { ask.wake?.signal.ring() }
    }
}
