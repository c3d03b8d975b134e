import Lockstead
import Logging
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

/// A Redlock backend under test over real servers, and what is beneath it.
struct RedlockBench: Sendable {
    let backend: RedlockBackend
    let clients: [LateClient]
    let servers: [RedisServer]
    let time = SystemTimeSource()

    var soon: ContinuousTime { time.now.advanced(by: .seconds(10)) }

    func request(
        _ name: String = "a", mode: LockMode = .exclusive, lease: Duration = .seconds(60),
        wait: LockRequest.Wait = .never, terms: HoldTerms = HoldTerms()
    ) throws -> LockRequest {
        var generator = SystemRandomNumberGenerator()
        return LockRequest(
            id: .random(using: &generator), owner: .random(using: &generator), names: [try LockName(name)], mode: mode,
            lease: lease, wait: wait, fairness: .barging, terms: terms)
    }

    func grant(_ request: LockRequest) async throws -> Grant? {
        if case .granted(let grant) = try await backend.acquire(request) { grant } else { nil }
    }

    func hold(_ name: String = "a", lease: Duration = .seconds(60)) async throws -> Grant {
        try #require(try await grant(try request(name, lease: lease)))
    }

    func release(_ grant: Grant) async throws -> ReleaseOutcome { try await backend.release(grant, deadline: soon) }

    func renewal(of grant: Grant) async -> RenewalOutcome { await backend.renew([grant], deadline: soon)[0] }

    func isRenewed(_ grant: Grant) async -> Bool { if case .renewed = await renewal(of: grant) { true } else { false } }

    /// The nodes that have the grant's key.
    func holding(_ grant: Grant) throws -> [Int] {
        try servers.indices.filter {
            try servers[$0].ask("GET", grant.names[0].text).contains(" \(grant.owner) ")
        }
    }

    /// Has nodes appear to remember for as long as there are clocks.
    func age(_ nodes: [Int]) throws {
        for node in nodes { try servers[node].ask("SET", "lockstead:redlock:since", "1") }
    }

    /// Waits until so many nodes vote.
    func awaitVotes(_ count: Int) async throws {
        let isSo = try await eventually { backend.nodes.count(where: \.isFit) == count }
        try #require(isSo, "\(backend.nodes.count(where: \.isFit)) nodes vote, and \(count) should")
    }
}

/// Real servers that know nothing of each other.
func redlockServers(_ count: Int, options: [String] = []) async throws -> [RedisServer] {
    var servers: [RedisServer] = []
    for _ in 0..<count { servers.append(try await RedisServer(options: options)) }
    return servers
}

/// Runs a Redlock backend against servers while `body` uses it.
func withRedlock<R: Sendable>(
    _ servers: [RedisServer], _ change: (inout RedlockEngine) -> Void = { _ in },
    _ body: (RedlockBench) async throws -> R
) async throws -> R {
    let context = EngineContext(logger: Logger(label: "test"), time: SystemTimeSource())
    var engine = RedlockEngine(
        RedisConfiguration(endpoints: servers.map { .host("127.0.0.1", port: $0.port) }))
    change(&engine)
    let clients = engine.configuration.endpoints.map {
        LateClient(RedisNode($0, configuration: engine.node($0).configuration, context: context))
    }
    let backend = try RedlockBackend(engine, clients: clients, context: context)
    // Awaited below, whatever the body does.
    let running = Task { try await backend.run() }
    let result: Result<R, any Error>
    do {
        result = .success(try await body(RedlockBench(backend: backend, clients: clients, servers: servers)))
    } catch {
        result = .failure(error)
    }
    running.cancel()
    try await running.value
    return try result.get()
}
