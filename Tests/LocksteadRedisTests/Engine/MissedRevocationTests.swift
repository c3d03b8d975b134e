import Lockstead
import Logging
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("A forced release that its holder could not hear of", .timeLimit(.minutes(1)))
struct MissedRevocationTests {
    @Test("It is heard of once the server can tell again, not only at the next renewal", arguments: [1, 3])
    func deaf(servers count: Int) async throws {
        var servers: [RedisServer] = []
        for _ in 0..<count { servers.append(try await RedisServer()) }
        var redlock = RedlockEngine(RedisConfiguration(endpoints: servers.map { .host("127.0.0.1", port: $0.port) }))
        redlock.quarantine = .zero
        let engine = count == 1 ? LockEngine.redis(RedisEngine(servers[0].configuration)) : .redlock(redlock)
        try await withNodes(servers.map(\.configuration)) { (operators) async throws in
            try await LockClient.with(engine, logger: .quiet) { (one) async throws in
                try await LockClient.with(engine, logger: .quiet) { (two) async throws in
                    let held = try await one.acquire("a", lease: .seconds(60))
                    _ = try await two.inspect("a")
                    try await deafen(operators, listening: 2)
                    // What is in doubt since is confirmed by then, where anything is, and the next renewal is far away.
                    try await Task.sleep(for: .seconds(1))
                    try #require(try await eventually { held.lease.isHeld })
                    _ = try await two.forceRelease("a", reason: "it hangs")
                    for node in operators { try await node.say("CONFIG SET maxclients 1000") }
                    let isTold = try await eventually { held.lease.state == .lost(.revoked("it hangs")) }
                    #expect(isTold, "it is \(held.lease.state)")
                    // Acknowledges: the next need not wait for the lease.
                    try await held.release()
                    try await two.withLock("a", waitingAtMost: .seconds(5)) { _ in }
                }
            }
        }
    }

    /// Cuts all listeners off, and keeps them from coming back: the server takes no more connections.
    private func deafen(_ operators: [RedisNode], listening count: Int) async throws {
        for node in operators {
            let isListenedTo = try await eventually {
                try await node.say("PUBSUB CHANNELS lockstead:*").elements?.count == count
            }
            try #require(isListenedTo)
            try await node.say("CONFIG SET maxclients 1")
            try await node.say("CLIENT KILL TYPE pubsub")
        }
    }
}

/// Runs a node against each server while `body` runs.
private func withNodes(
    _ configurations: [RedisConfiguration], _ body: ([RedisNode]) async throws -> Void
) async throws {
    guard let first = configurations.first else { return try await body([]) }
    try await withNode(first) { node in
        try await withNodes(Array(configurations.dropFirst())) { rest in try await body([node] + rest) }
    }
}
