import Lockstead
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("Redlock with nodes that are down, slow, empty or unfit", .serialized)
struct RedlockNodesTests {
    @Test("Two of five may be down; with three down an acquire fails fast, and says what is wrong with each")
    func down() async throws {
        let servers = try await redlockServers(5)
        try await withRedlock(servers) { (bench) async throws in
            try await bench.awaitVotes(5)
            for server in servers[..<2] { server.kill() }
            let held = try await bench.hold()
            #expect(await bench.isRenewed(held))
            #expect(try await bench.release(held) == .released)
            servers[2].kill()
            let start = bench.time.now
            let wait = LockRequest.Wait.until(start.advanced(by: .seconds(20)))
            let error = await #expect(throws: LockError.self) { try await bench.grant(try bench.request(wait: wait)) }
            #expect(start.duration(to: bench.time.now) < .seconds(2), "and not at the end of the wait")
            #expect(error?.code == .engineUnavailable)
            for server in servers[..<3] { #expect(error?.message.contains(":\(server.port)") ?? false) }
            try await servers[2].restart()
            try await bench.awaitVotes(3)
            try bench.age(Array(2..<5))
            #expect(try await bench.release(try await bench.hold()) == .released)
        }
    }

    @Test(
        "A release that no majority answered, asked for again when the nodes are back, says that the lock is free and that asking once more brings nothing"
    )
    func releasedTwice() async throws {
        let servers = try await redlockServers(5)
        try await withRedlock(servers) { (bench) async throws in
            try await bench.awaitVotes(5)
            let request = try bench.request()
            let held = try #require(try await bench.grant(request))
            for server in servers[..<3] { server.kill() }
            let first = await #expect(throws: LockError.self) {
                _ = try await bench.backend.release(held, deadline: bench.time.now.advanced(by: .milliseconds(300)))
            }
            #expect(first?.effect == .mayHaveHappened)
            #expect(!(first?.cause is FreeOfGrant), "a majority has not said so")
            for server in servers[..<3] { try await server.restart() }
            try await bench.awaitVotes(5)
            let second = await #expect(throws: LockError.self) { _ = try await bench.release(held) }
            #expect(second?.cause is FreeOfGrant)
            // A withdrawal wants no more than that.
            try await bench.backend.cancel(request, deadline: bench.soon)
        }
    }

    @Test("A node that does not answer holds up neither an acquire nor a release where a majority does")
    func slow() async throws {
        let servers = try await redlockServers(5)
        try await withRedlock(servers) { (bench) async throws in
            try await bench.awaitVotes(5)
            #expect(try await bench.release(try await bench.hold("warm")) == .released)
            servers[4].pause()
            for _ in 0..<20 {
                let start = bench.time.now
                #expect(try await bench.release(try await bench.hold()) == .released)
                #expect(start.duration(to: bench.time.now) < .milliseconds(400))
            }
            servers[4].resume()
            let isClean = try await eventually { try servers[4].ask("EXISTS", "a") == "0" }
            #expect(isClean, "what arrived there late was given back (R24)")
        }
    }

    @Test("A SET that lands after the release on a slow node takes nothing (R24)")
    func late() async throws {
        try await withRedlock(try await redlockServers(3)) { (bench) async throws in
            try await bench.awaitVotes(3)
            try bench.servers[2].ask("SCRIPT", "LOAD", RedlockScripts.acquire.source)
            bench.clients[2].next(RedlockScripts.acquire, .late)
            let held = try await bench.hold()
            #expect(try bench.holding(held) == [0, 1])
            #expect(try await bench.release(held) == .released)
            let isMarked = try await eventually { try bench.servers[2].ask("EXISTS", "{a}:records") == "1" }
            #expect(isMarked)
            try await bench.clients[2].arrive()
            #expect(try bench.servers[2].ask("EXISTS", "a") == "0")
            #expect(try await bench.release(try await bench.hold()) == .released)
        }
    }

    @Test("A node that forgot has no vote while it is younger than the longest lease: no second holder (R36)")
    func forgetful() async throws {
        let servers = try await redlockServers(5)
        #expect(try await overlaps(servers, quarantine: nil) == false)
        #expect(
            try await overlaps(servers, quarantine: .zero), "without the quarantine there is one: the test can see it")
    }

    /// Whether a second client gets a lock that is held on three nodes, one of which forgets it.
    private func overlaps(_ servers: [RedisServer], quarantine: Duration?) async throws -> Bool {
        for server in servers { try server.ask("FLUSHALL") }
        return try await withRedlock(servers, { $0.quarantine = quarantine }) { (bench) async throws in
            try await bench.awaitVotes(5)
            try bench.age(Array(0..<5))
            for server in servers[3...] { try server.ask("SET", "a", "another program") }
            let held = try await bench.hold()
            #expect(try bench.holding(held) == [0, 1, 2])
            for server in servers[3...] { try server.ask("DEL", "a") }
            try servers[2].ask("FLUSHALL")
            return try await bench.grant(try bench.request()) != nil
        }
    }

    @Test("An extension heals nodes that lost the key, and takes it from nobody (R37)")
    func healing() async throws {
        let servers = try await redlockServers(5)
        try await withRedlock(servers) { (bench) async throws in
            try await bench.awaitVotes(5)
            try bench.age(Array(0..<5))
            let held = try await bench.hold()
            #expect(try await eventually { try bench.holding(held).count == 5 })
            try servers[0].ask("DEL", "a")
            try servers[1].ask("SET", "a", "another program")
            #expect(await bench.isRenewed(held), "a minority that fails ends nothing")
            #expect(try await eventually { try bench.holding(held) == [0, 2, 3, 4] })
            #expect(try servers[1].ask("GET", "a") == "another program")
            #expect(try servers[0].ask("GET", "{a}:fence") == held.token.description)
            #expect(try await bench.release(held) == .released)
            #expect(try await eventually { try bench.holding(held) == [] })
        }
    }

    @Test("An extension that finds a majority gone is a loss, and brings nothing back (R14)")
    func neverReCreates() async throws {
        let servers = try await redlockServers(5)
        try await withRedlock(servers) { (bench) async throws in
            try await bench.awaitVotes(5)
            let held = try await bench.hold()
            for server in servers[..<3] { try server.ask("DEL", "a") }
            guard case .lost = await bench.renewal(of: held) else {
                Issue.record("it was renewed")
                return
            }
            for server in servers[..<3] { #expect(try server.ask("EXISTS", "a") == "0") }
        }
    }

    @Test("Nodes that would lose locks by themselves have no vote, and a majority of them is refused")
    func unfit() async throws {
        let good = try await redlockServers(2)
        let evicting = try await redlockServers(
            2, options: ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"])
        try await withRedlock(good + [evicting[0]]) { (bench) async throws in
            #expect(try await bench.release(try await bench.hold()) == .released)
            #expect(bench.clients[2].count(of: RedlockScripts.acquire) == 0)
        }
        try await withRedlock([good[0]] + evicting) { (bench) async throws in
            let error = await #expect(throws: LockError.self) { try await bench.grant(try bench.request()) }
            #expect(error?.code == .unsuitableStorage && error?.message.contains("allkeys-lru") ?? false)
        }
    }
}
