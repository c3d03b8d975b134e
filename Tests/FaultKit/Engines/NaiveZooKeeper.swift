import Dispatch
import Jute
import Lockstead
import LocksteadEngines
import LocksteadTesting
import Logging
import Synchronization
import TestServers

/// A lock as clients of ZooKeeper make it: a node in the queue, and belief for a session's timeout after each answer of the one server that
/// they are linked to.
final class NaiveZooKeeper: BackendDecorator {
    /// What is taken for a proof of life.
    enum Belief: Sendable {
        case pings, syncs
    }

    let base: any LockBackend
    private let server: ZooKeeperServer
    private let belief: Belief
    private let line = Mutex<ZooKeeperLine?>(nil)
    private let time = SystemTimeSource()
    private static let lease = Duration.seconds(3)

    private init(base: any LockBackend, server: ZooKeeperServer, belief: Belief) {
        (self.base, self.server, self.belief) = (base, server, belief)
    }

    /// Takes a lock and keeps it until the task is cancelled.
    static func hold(
        _ name: String, at server: ZooKeeperServer, by belief: Belief, _ recorder: HistoryRecorder,
        _ isInside: Watched<Bool>
    ) async {
        let naive = LockEngine(name: "naive") { context in
            // For its capabilities alone: it is asked for nothing.
            let base = try Engines.open("zookeeper://\(server.authority)").makeBackend(context)
            return RecordingBackend(NaiveZooKeeper(base: base, server: server, belief: belief), recorder)
        }
        let logger = Logger(label: "naive") { _ in SwiftLogNoOpLogHandler() }
        // The cancellation ends it; what else goes wrong with such a lock is what it is for.
        try? await LockClient.with(naive, logger: logger) { client in
            try await client.withLock(name, waitingAtMost: .seconds(60), lease: lease) { lease in
                try await recorder.criticalSection(lease) {
                    isInside.update { $0 = true }
                    try await Task.sleep(for: .seconds(600))
                }
            }
        }
    }

    func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        guard let name = request.names.first?.text else { return .busy(nil) }
        let (own, created) = try await onThread { server in
            let line = try ZooKeeperLine(server, timeout: Int32(Self.lease / .milliseconds(1)))
            self.line.withLock { $0 = line }
            let queue = ZKOperation.create(path: "/" + name, data: [], access: ZNodeAccess.open, kind: .container)
            // It may be there.
            _ = try? line.ask(queue)
            let made = try line.ask(
                .create(path: "/\(name)/lock-", data: [], access: ZNodeAccess.open, kind: .ephemeralSequential))
            guard case .created(let path, let stat) = made.result else { throw ServerError("nothing was made") }
            return (path, stat.created)
        }
        while !Task.isCancelled {
            let sent = time.now
            // Without a leader nothing is answered: it is asked again.
            if (try? await isFirst(own, in: name)) ?? false { return .granted(grant(request, created, sent)) }
            // The loop looks at the cancellation.
            try? await time.sleep(until: time.now.advanced(by: .milliseconds(200)))
        }
        return .busy(nil)
    }

    private func isFirst(_ own: String, in name: String) async throws(LockError) -> Bool {
        try await onLine { line in
            try line.ping()
            guard case .children(let children, _) = try line.ask(.getChildren(path: "/" + name, watch: false)).result
            else { return false }
            return children.min().map { own.hasSuffix($0) } ?? false
        }
    }

    private func grant(_ request: LockRequest, _ created: Int64, _ sent: ContinuousTime) -> Grant {
        Grant(
            request: request.id, owner: request.owner, names: request.names, mode: request.mode,
            token: FencingToken(rawValue: UInt64(max(0, created))), lease: request.lease,
            validity: .armed(at: sent, for: request.lease), holdLimit: nil, guarantee: capabilities.guarantee)
    }

    func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let sent = time.now
        do throws(LockError) {
            try await onLine { [belief] line in
                switch belief {
                case .pings: try line.ping()
                case .syncs: try line.ask(.sync(path: "/"))
                }
            }
            return grants.map { .renewed(.armed(at: sent, for: $0.lease)) }
        } catch {
            return grants.map { _ in .unknown(error) }
        }
    }

    func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        // With the line goes the session, once it runs out.
        line.withLock { $0 = nil }
        return .released
    }

    func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {}

    private func onLine<Value: Sendable>(
        _ body: @escaping @Sendable (ZooKeeperLine) throws -> Value
    ) async throws(LockError) -> Value {
        guard let line = line.withLock({ $0 }) else {
            throw LockError(.notHeld, "There is no line.", effect: .didNotHappen)
        }
        return try await onThread { _ in try body(line) }
    }

    /// On a thread of its own: the server is waited for.
    private func onThread<Value: Sendable>(
        _ body: @escaping @Sendable (ZooKeeperServer) throws -> Value
    ) async throws(LockError) -> Value {
        let answer: Result<Value, any Error> = await withCheckedContinuation { [server] continuation in
            DispatchQueue.global().async { continuation.resume(returning: Result { try body(server) }) }
        }
        do { return try answer.get() } catch {
            throw LockError(.engineUnavailable, "\(error)", effect: .mayHaveHappened)
        }
    }
}
