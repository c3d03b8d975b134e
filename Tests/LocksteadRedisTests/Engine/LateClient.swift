import Lockstead
import LocksteadTesting
import Logging
import RESP
import SeededRandom
import Synchronization
import TestServers

@testable import LocksteadRedis

/// A client that loses what it is told to lose: a command that is still on its way, or the answer to one that was carried out.
final class LateClient: RedisClient {
    enum Fate: Sendable {
        /// It is written and not answered; it arrives with ``LateClient/arrive()``.
        case late
        /// It is carried out, and its answer is lost.
        case unanswered
        /// It is not even written: there is no connection.
        case unsent
    }

    fileprivate struct State: Sendable {
        var plans: [(digest: String, fate: Fate)] = []
        var onTheirWay: [RedisCommand] = []
        var sent: [String: Int] = [:]
        var awaited = 0
        /// Decides by itself, where it is there.
        var draws: SeededGenerator?
    }

    let node: RedisNode
    private let state = Mutex(State())

    init(_ node: RedisNode) { self.node = node }

    /// The next call of a script meets this fate.
    func next(_ script: RedisScript, _ fate: Fate) { state.withLock { $0.plans.append((script.digest, fate)) } }

    /// From now on every script may meet any fate, as the draws have it.
    func begin(_ draws: SeededGenerator) { state.withLock { $0.draws = draws } }

    /// From now on all arrives and is answered.
    func end() { state.withLock { $0.draws = nil } }

    var commandsWritten: Int { node.commandsWritten }

    /// How many commands are written and have not arrived.
    var onTheirWay: Int { state.withLock { $0.onTheirWay.count } }

    /// How many commands await their answers.
    var awaited: Int { state.withLock { $0.awaited } }

    /// How often a script was sent, by its digest.
    func count(of script: RedisScript) -> Int { state.withLock { $0.sent[script.digest] ?? 0 } }

    /// Has everything arrive that was on its way, in order.
    func arrive() async throws {
        let late = state.withLock { state in
            defer { state.onTheirWay = [] }
            return state.onTheirWay
        }
        for command in late { _ = try await node.send(command) }
    }

    func run() async { await node.run() }

    func send(_ command: RedisCommand, deadline: ContinuousTime?) async throws(RedisError) -> RESPValue {
        await overtake()
        switch fate(of: command) {
        case nil:
            state.withLock { $0.awaited += 1 }
            defer { state.withLock { $0.awaited -= 1 } }
            return try await node.send(command, deadline: deadline)
        case .late: state.withLock { $0.onTheirWay.append(command) }
        case .unanswered: _ = try await node.send(command, deadline: deadline)
        case .unsent: throw Self.noConnection
        }
        throw .deadlineExceeded(.mayHaveHappened)
    }

    /// Something late arrives before this command does, now and then.
    private func overtake() async {
        let late = state.withLock { state -> RedisCommand? in
            guard !state.onTheirWay.isEmpty, state.draws?.chance(0.2) ?? false else { return nil }
            return state.onTheirWay.removeFirst()
        }
        guard let late else { return }
        // Nobody waits for its answer.
        _ = try? await node.send(late)
    }

    private func fate(of command: RedisCommand) -> Fate? {
        let text = String(decoding: command.body, as: UTF8.self)
        return state.withLock { state in
            for script in LockScripts.all where text.contains(script.digest) {
                state.sent[script.digest, default: 0] += 1
            }
            if let fate = state.drawn(isScript: command.isScript) { return fate }
            guard let index = state.plans.firstIndex(where: { text.contains($0.digest) }) else { return nil }
            return state.plans.remove(at: index).fate
        }
    }

    func pipeline(_ commands: [RedisCommand], deadline: ContinuousTime?) async -> [Result<RESPValue, RedisError>] {
        await node.pipeline(commands, deadline: deadline)
    }

    func begin(
        _ command: RedisCommand, deadline: ContinuousTime?,
        then: @escaping @Sendable (Result<RESPValue, RedisError>) -> Void
    ) {
        switch fate(of: command) {
        case nil: return node.begin(command, deadline: deadline, then: then)
        case .late: state.withLock { $0.onTheirWay.append(command) }
        case .unanswered: return node.begin(command, deadline: deadline) { _ in then(Self.noAnswer) }
        case .unsent: return then(.failure(Self.noConnection))
        }
        then(Self.noAnswer)
    }

    private static let noConnection = RedisError(.unreachable, "There is no connection.", effect: .didNotHappen)

    private static let noAnswer = Result<RESPValue, RedisError>.failure(.deadlineExceeded(.mayHaveHappened))

    func hear(_ channel: RedisChannel, _ hearer: @escaping RedisHearer) -> RedisHearing { node.hear(channel, hearer) }

    var limits: RedisConfiguration.Limits { node.limits }
}

extension LateClient.State {
    fileprivate mutating func drawn(isScript: Bool) -> LateClient.Fate? {
        guard isScript, draws != nil, draws?.chance(0.2) ?? false else { return nil }
        return draws?.chance(0.5) ?? false ? .late : .unanswered
    }
}

extension LockScripts {
    static var all: [RedisScript] { [acquire, release, renew, cancel, downgrade, handOver, force, inspect, register] }
}

/// A backend under test, and what is beneath it.
struct Bench: Sendable {
    let backend: RedisBackend
    let client: LateClient
    /// What runs the backend.
    let running: Task<Void, any Error>
    var node: RedisNode { client.node }
    let time = SystemTimeSource()

    /// Stops the backend before its time.
    func stop() async { running.cancel() }

    var soon: ContinuousTime { time.now.advanced(by: .seconds(10)) }

    func request(
        _ names: String..., mode: LockMode = .exclusive, lease: Duration = .seconds(60),
        wait: LockRequest.Wait = .forever, fairness: Fairness? = nil, terms: HoldTerms = HoldTerms()
    ) throws -> LockRequest {
        var generator = SystemRandomNumberGenerator()
        let order = fairness ?? (backend.engine.sharing == .foreign ? .barging : .fair)
        return LockRequest(
            id: .random(using: &generator), owner: .random(using: &generator),
            names: try names.map { try LockName($0) },
            mode: mode, lease: lease, wait: wait, fairness: order, terms: terms)
    }

    func take(_ request: LockRequest) async throws -> Grant {
        guard case .granted(let grant) = try await backend.acquire(request) else {
            throw ServerError("\(request.names) was not granted")
        }
        return grant
    }

    func hold(_ name: String) async throws -> Grant { try await take(try request(name, wait: .never)) }

    func release(_ grant: Grant) async throws -> ReleaseOutcome { try await backend.release(grant, deadline: soon) }

    func inspect(_ name: String) async throws -> LockDescription? {
        try await backend.inspect(try LockName(name), deadline: soon)
    }

    func waiters(of name: String) async throws -> Int { try await inspect(name)?.waiterCount ?? 0 }

    /// The places in a queue, the withdrawn requests' included.
    func places(in name: String) async throws -> [String] {
        try await node.send(RedisCommand("ZRANGE", "{\(name)}:queue", "0", "-1")).elements?.compactMap(\.text) ?? []
    }

    func isRenewed(_ grant: Grant) async -> Bool {
        if case .renewed = await backend.renew([grant], deadline: soon)[0] { true } else { false }
    }

    /// Why a renewal said that the grant is gone, or `nil`.
    func loss(of grant: Grant) async -> LossReason? {
        if case .lost(let reason) = await backend.renew([grant], deadline: soon)[0] { reason } else { nil }
    }
}

/// Runs an engine's backend against a server while `body` uses it; the server has all scripts.
func withBench<R: Sendable>(
    _ server: RedisServer, sharing: RedisEngine.Sharing = .lockstead,
    _ change: (inout RedisConfiguration) -> Void = { _ in }, prefix: String = "",
    _ body: (Bench) async throws -> R
) async throws -> R {
    let context = EngineContext(logger: Logger(label: "test"), time: SystemTimeSource())
    var engine = RedisEngine(server.configuration)
    change(&engine.configuration)
    (engine.sharing, engine.prefix) = (sharing, prefix)
    let node = RedisNode(engine.configuration.endpoints[0], configuration: engine.configuration, context: context)
    let client = LateClient(node)
    let backend = try RedisBackend(engine, client: client, context: context)
    // Awaited below, whatever the body does.
    let running = Task { try await backend.run() }
    let result: Result<R, any Error>
    do {
        for script in LockScripts.all { _ = try await node.send(RedisCommand("SCRIPT", "LOAD", script.source)) }
        result = .success(try await body(Bench(backend: backend, client: client, running: running)))
    } catch {
        result = .failure(error)
    }
    running.cancel()
    try await running.value
    return try result.get()
}
