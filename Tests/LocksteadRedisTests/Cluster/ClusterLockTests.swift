import Lockstead
import LocksteadTesting
import Logging
import Synchronization
import TestServers
import Testing

@testable import LocksteadRedis

/// Locks on a real cluster: "a", "b" and "c" lie on different primaries.
@Suite("Locks on a real cluster", .serialized)
struct ClusterLockTests {
    private let time = SystemTimeSource()

    @Test("Locks of all shards are listed, described, told of and ended by force")
    func views() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        try await LockClient.with(.redis(servers.engine), logger: .quiet) { one in
            var changes = one.changes().makeAsyncIterator()
            #expect(try await one.list().isEmpty)
            var locks: [HeldLock] = []
            for name in ["a", "b", "c"] { locks.append(try await one.acquire(name, lease: .seconds(30))) }
            #expect(Set(try ["a", "b", "c"].map { try servers.primary(of: $0).port }).count == 3)
            #expect(try await one.list().map(\.name.text) == ["a", "b", "c"])
            var granted: Set<String> = []
            while granted.count < 3 { granted.insert(try #require(try await changes.next()).name.text) }
            #expect(granted == ["a", "b", "c"])
            for (name, lock) in zip(["a", "b", "c"], locks) {
                #expect(try await one.inspect(name)?.holders.map(\.token) == [lock.lease.token])
                var events = lock.lease.events().makeAsyncIterator()
                _ = try await one.forceRelease(name, reason: "test")
                #expect(await events.next() == .lost(.revoked("test")))
                // What is lost cannot be given back; that acknowledges the loss.
                try? await lock.release()
            }
            let areFree = try await eventually { try await one.list().isEmpty }
            #expect(areFree)
        }
    }

    @Test("R40, R41: names of one slot are taken in one step, others one after the other, and never half")
    func severalNames() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        try await LockClient.with(.redis(servers.engine), logger: .quiet) { one in
            for (names, parts) in [(["a", "b", "c"], 3), (["{t}1", "{t}2"], 1)] {
                let last = try #require(names.last)
                try await one.withLocks(names) { (lease) async throws in
                    #expect(Set(lease.names.map { lease.token(for: $0) }).count == parts)
                    for name in names { #expect(try await one.inspect(name)?.holders.count == 1) }
                }
                let blocker = try await one.acquire(last)
                #expect(try await one.tryWithLocks(names) { _ in true } == nil)
                for name in names.dropLast() { #expect(try await one.inspect(name) == nil) }
                try await blocker.release()
            }
        }
    }

    @Test("R28: hand-overs between clients need no fallback timer, wherever their slots are and go")
    func handOvers() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        let names = ["a", "b", "c"]
        try await LockClient.with(.redis(servers.engine), logger: .quiet) { one in
            try await LockClient.with(.redis(servers.engine), logger: .quiet) { (two) async throws in
                // Who waits for the first time in a slot begins to listen there.
                try await Self.handOver(names, from: one, to: two, servers)
                let start = time.now
                for _ in 0..<10 {
                    try await Self.handOver(names, from: one, to: two, servers)
                    try await Self.handOver(names, from: two, to: one, servers)
                }
                let took = (time.now - start) / 60
                #expect(took < .milliseconds(200))
                print("cluster: \(took) for each of 60 hand-overs")
                for name in names {
                    let target = try servers.otherPrimary(than: try servers.primary(of: name))
                    try await Self.handOver([name], from: one, to: two, servers, movingTo: target)
                    try await Self.handOver([name], from: two, to: one, servers)
                }
            }
        }
    }

    /// Has one client release what the other waits for.
    private static func handOver(
        _ names: [String], from one: LockClient, to two: LockClient, _ servers: RedisClusterServers,
        movingTo target: RedisClusterServers.Node? = nil
    ) async throws {
        for name in names {
            let held = try await one.acquire(name, lease: .seconds(30))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await two.withLock(name) { _ in } }
                let isAwaited = try await eventually { try await one.inspect(name)?.waiterCount == 1 }
                #expect(isAwaited)
                if let target { try await servers.moveSlot(of: name, to: target) }
                try await held.release()
                try await group.waitForAll()
            }
        }
    }

    @Test("A lock whose slot moves back and forth under load never has two holders, and its lease survives")
    func underLoad() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        let room = Room()
        try await LockClient.with(.redis(servers.engine), logger: .quiet) { one in
            try await LockClient.with(.redis(servers.engine), logger: .quiet) { (two) async throws in
                let kept = try await one.acquire("{a}kept", lease: .seconds(2))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for client in [one, two, one, two] {
                        group.addTask {
                            while !Task.isCancelled {
                                try await client.withLock("a", lease: .seconds(10)) { _ in
                                    room.enter()
                                    await Task.yield()
                                    room.leave()
                                }
                            }
                        }
                    }
                    for _ in 0..<6 {
                        let (before, home) = (room.entries, try servers.primary(of: "a"))
                        try await servers.moveSlot(of: "a", to: try servers.otherPrimary(than: home))
                        let goesOn = try await eventually { room.entries > before + 20 }
                        #expect(goesOn)
                    }
                    group.cancelAll()
                    while let result = await group.nextResult() {
                        guard case .failure(let error) = result else { continue }
                        #expect(error is CancellationError || (error as? LockError)?.code == .cancelled)
                    }
                }
                #expect(kept.lease.isHeld)
                try await kept.release()
            }
        }
        #expect(room.crowdings == 0)
        print("cluster: \(room.entries) sections while a slot moved six times")
    }

    @Test("A database other than 0 is refused, and a server that is no node says so")
    func refusals() async throws {
        var engine = RedisEngine(RedisConfiguration(endpoints: [.host("127.0.0.1", port: 1)]))
        engine.topology = .cluster
        engine.configuration.database = 1
        #expect(throws: LockError.self) { try engine.check() }
        let server = try await RedisServer()
        engine.configuration = server.configuration
        try await LockClient.with(.redis(engine), logger: .quiet) { (client) async throws in
            let error = await #expect(throws: LockError.self) { try await client.withLock("a") { _ in } }
            #expect(error?.message.contains("redis://") ?? false && error?.effect == .didNotHappen)
        }
    }
}

/// A critical section that counts.
private final class Room: Sendable {
    private let state = Mutex((inside: 0, entries: 0, crowdings: 0))

    func enter() {
        state.withLock { state in
            state.inside += 1
            state.entries += 1
            if state.inside > 1 { state.crowdings += 1 }
        }
    }

    func leave() { state.withLock { $0.inside -= 1 } }

    var entries: Int { state.withLock { $0.entries } }
    /// Times that somebody came in while another was inside.
    var crowdings: Int { state.withLock { $0.crowdings } }
}
