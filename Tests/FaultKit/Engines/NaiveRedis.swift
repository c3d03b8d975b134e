import Lockstead
import LocksteadRedis
import LocksteadTesting
import Logging
import RESP
import TestServers

/// Locks as many programs have made them: look whether the key is there, write it, then set its expiry; renewed and released by a look before.
///
/// Each step finds the key's node by itself, and between the steps anybody may come: what every run must show.
struct NaiveRedis: BackendDecorator {
    let base: any LockBackend
    private let client: any RedisClient
    private let time = SystemTimeSource()

    /// Has clients contend for a lock until the task is cancelled.
    static func run(on servers: RedisClusterServers, _ name: String, _ recorder: HistoryRecorder) async throws {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { await contend(on: servers, name, recorder) } }
        }
    }

    private static func contend(
        on servers: RedisClusterServers, _ name: String, _ recorder: HistoryRecorder
    ) async {
        let endpoints = servers.nodes.map { RedisEndpoint.host("127.0.0.1", port: $0.port) }
        var engine = RedisEngine(RedisConfiguration(endpoints: endpoints))
        engine.topology = .cluster
        let settings = engine
        let naive = LockEngine(name: "naive") { context in
            let client = RedisCluster(settings.configuration, context: context)
            let backend = try RedisBackend(settings, client: client, context: context)
            return RecordingBackend(NaiveRedis(base: backend, client: client), recorder)
        }
        // The cancellation ends it; what else goes wrong with such a lock is what it is for.
        try? await LockClient.with(naive, logger: Logger(label: "naive") { _ in SwiftLogNoOpLogHandler() }) { client in
            while !Task.isCancelled {
                // A failed attempt is as good as none.
                try? await client.withLock(name, waitingAtMost: .seconds(1), lease: .seconds(2)) { lease in
                    await recorder.criticalSection(lease) { await Task.yield() }
                }
            }
        }
    }

    private init(base: any LockBackend, client: any RedisClient) { (self.base, self.client) = (base, client) }

    func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        guard case .until(let deadline) = request.wait, let key = request.names.first?.text else { return .busy(nil) }
        while !Task.isCancelled, time.now < deadline {
            do throws(RedisError) {
                guard try await send("GET", key).isNull else {
                    // Others do the same, and the loop looks at the cancellation.
                    try? await time.sleep(until: time.now.advanced(by: .milliseconds(5)))
                    continue
                }
                let sent = time.now
                _ = try await send("SET", key, request.id.description)
                _ = try await send("PEXPIRE", key, "2000")
                return .granted(grant(request, sent))
            } catch {
                throw LockError(.engineUnavailable, error.message, effect: error.effect)
            }
        }
        return .busy(nil)
    }

    private func grant(_ request: LockRequest, _ sent: ContinuousTime) -> Grant {
        Grant(
            request: request.id, owner: request.owner, names: request.names, mode: request.mode,
            token: FencingToken(rawValue: UInt64(time.now.nanoseconds)), lease: request.lease,
            validity: .armed(at: sent, for: request.lease), holdLimit: nil, guarantee: capabilities.guarantee)
    }

    func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        grants.map { _ in .lost(.expired) }
    }

    func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        guard let key = grant.names.first?.text else { return .released }
        do throws(RedisError) {
            guard try await send("GET", key).text == grant.request.description else { return .lost(.superseded) }
            _ = try await send("DEL", key)
            return .released
        } catch {
            throw LockError(.engineUnavailable, error.message, effect: error.effect)
        }
    }

    func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {}

    private func send(_ name: StaticString, _ key: String, _ arguments: String...) async throws(RedisError) -> RESPValue
    {
        var command = RedisCommand(name)
        command.append(key: key)
        for argument in arguments { command.append(argument) }
        return try await client.send(command)
    }
}
