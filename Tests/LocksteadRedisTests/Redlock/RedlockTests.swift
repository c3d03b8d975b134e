import Lockstead
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("Redlock", .serialized)
struct RedlockTests {
    @Test("Semaphores, read/write locks, several names and values beside locks are refused in so many words (R39)")
    func refusals() async throws {
        try await withRedlock(try await redlockServers(3)) { (bench) async throws in
            var several = try bench.request()
            several.names.append(try LockName("b"))
            let requests = [
                try bench.request(mode: .permits(count: 1, limit: 2)), try bench.request(mode: .shared), several,
            ]
            for request in requests {
                let error = await #expect(throws: LockError.self) { try await bench.grant(request) }
                #expect(error?.code == .unsupported && error?.effect == .didNotHappen)
                #expect(error?.message.contains("redlock") ?? false)
            }
        }
    }

    @Test("An uncontended pair costs two commands for each node, once the nodes' clocks are known", arguments: [3, 5])
    func commands(nodes: Int) async throws {
        try await withRedlock(try await redlockServers(nodes)) { (bench) async throws in
            try await bench.awaitVotes(nodes)
            for _ in 0..<10 { #expect(try await bench.release(try await bench.hold()) == .released) }
            let settled = try await eventually { bench.clients.allSatisfy { $0.awaited == 0 } }
            #expect(settled)
            let before = bench.backend.counts.commands ?? 0
            for _ in 0..<100 { #expect(try await bench.release(try await bench.hold()) == .released) }
            let cost = Double((bench.backend.counts.commands ?? 0) - before) / 100
            #expect(cost >= Double(2 * nodes) - 0.5 && cost <= Double(2 * nodes) * 1.2, "\(cost) commands")
        }
    }

    @Test("Validity counts from the round that succeeded, not from the first one (R35)")
    func validity() async throws {
        let servers = try await redlockServers(3)
        try await withRedlock(servers) { (bench) async throws in
            try await bench.awaitVotes(3)
            for server in servers[..<2] { try server.ask("SET", "a", "another program", "PX", "400") }
            let asked = bench.time.now
            let wait = LockRequest.Wait.until(bench.soon)
            let grant = try #require(try await bench.grant(try bench.request(lease: .seconds(2), wait: wait)))
            guard case .armed(let start, let lease) = grant.validity else {
                Issue.record("the grant runs out by nothing")
                return
            }
            #expect(lease == .seconds(2) && start >= asked.advanced(by: .milliseconds(250)) && start <= bench.time.now)
        }
    }

    @Test("Other programs that take Redlock with SET NX PX keep us out, and we them")
    func foreign() async throws {
        let servers = try await redlockServers(3)
        try await withRedlock(servers) { (bench) async throws in
            for server in servers[..<2] { #expect(try server.ask("SET", "a", "x", "NX", "PX", "60000") == "OK") }
            #expect(try await bench.grant(try bench.request()) == nil)
            for server in servers[..<2] { try server.ask("DEL", "a") }
            let held = try await bench.hold()
            for server in servers { #expect(try server.ask("SET", "a", "x", "NX", "PX", "60000") == "") }
            #expect(try await bench.release(held) == .released)
        }
    }

    @Test("Tokens rise through clients that know nothing of each other, and through the loss of counters")
    func tokens() async throws {
        let servers = try await redlockServers(3)
        try await withRedlock(servers) { (one) async throws in
            try await withRedlock(servers) { (two) async throws in
                var last: FencingToken?
                for round in 0..<60 {
                    let bench = round.isMultiple(of: 2) ? one : two
                    let held = try await bench.hold()
                    #expect(last.map { $0 < held.token } ?? true)
                    last = held.token
                    #expect(try await bench.release(held) == .released)
                    if round == 40 { try servers[0].ask("DEL", "{a}:fence") }
                }
            }
        }
    }

    @Test("Of many who try at once exactly one gets a free lock, and a split vote is settled")
    func race() async throws {
        let servers = try await redlockServers(3)
        try await withRedlock(servers) { (one) async throws in
            try await withRedlock(servers) { (two) async throws in
                for round in 0..<20 {
                    let grants = try await withThrowingTaskGroup(of: Grant?.self) { group in
                        for index in 0..<10 {
                            let bench = index.isMultiple(of: 2) ? one : two
                            let request = try bench.request("race/\(round)")
                            group.addTask { try await bench.grant(request) }
                        }
                        return try await group.reduce(into: []) { grants, grant in if let grant { grants.append(grant) }
                        }
                    }
                    #expect(grants.count == 1, "round \(round)")
                }
            }
        }
    }

    @Test("A waiter is woken by the release, not by its timer")
    func waking() async throws {
        let servers = try await redlockServers(3)
        try await withRedlock(servers) { (one) async throws in
            try await withRedlock(servers) { (two) async throws in
                try await one.awaitVotes(3)
                try await two.awaitVotes(3)
                var longest = Duration.zero
                for _ in 0..<20 {
                    let held = try await one.hold()
                    let request = try two.request(wait: .until(two.soon))
                    async let waiting = two.grant(request)
                    #expect(
                        try await eventually {
                            try await one.backend.inspect(held.names[0], deadline: one.soon)?.waiterCount == 1
                        })
                    #expect(try await one.release(held) == .released)
                    let released = one.time.now
                    let next = try #require(try await waiting)
                    longest = max(longest, released.duration(to: one.time.now))
                    #expect(try await two.release(next) == .released)
                }
                #expect(longest < .milliseconds(500))
            }
        }
    }
}
