import Lockstead
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("The ACL user of docs/backends/redis.md")
struct DocumentedUserTests {
    @Test("It may do everything the engine does, and nothing else", arguments: RedisServer.Kind.required)
    func suffices(kind: RedisServer.Kind) async throws {
        let rule = try AccessRule.fromDocumentation().joined(separator: " ")
        let server = try await RedisServer(kind)
        try await withNode(server.configuration) { node in
            try await node.say(rule)
            try await withBench(server, { ($0.user, $0.password) = ("locks", "secret") }, prefix: "app:") {
                (bench) async throws in
                try await Self.everything(bench)
                let refusal = await failure { () async throws(RedisError) in try await bench.node.say("GET other") }
                #expect(refusal?.code == .permissionDenied)
            }
        }
    }

    private static func everything(_ bench: Bench) async throws {
        var events = bench.backend.changes(prefix: "a").makeAsyncIterator()
        for mode in [LockMode.exclusive, .shared, .permits(count: 1, limit: 2)] {
            let held = try await bench.take(
                try bench.request("a", mode: mode, terms: HoldTerms(maximumHold: .seconds(60))))
            #expect(await bench.isRenewed(held))
            #expect(try await bench.inspect("a")?.holders.count == 1)
            #expect(try await bench.release(held) == .released)
        }
        #expect(try await events.next()?.kind == .granted)
        try await waiting(bench)
        try await registers(bench)
        _ = try await bench.hold("b")
        #expect(try await bench.backend.list(prefix: "", limit: 9, deadline: bench.soon).map(\.name.text) == ["b"])
        _ = try await bench.backend.forceRelease(try LockName("b"), reason: "x", now: true, deadline: bench.soon)
    }

    private static func waiting(_ bench: Bench) async throws {
        let first = try await bench.take(try bench.request("a", "c"))
        async let waiting = bench.take(try bench.request("a"))
        #expect(try await eventually { try await bench.waiters(of: "a") == 1 })
        #expect(try await bench.release(first) == .released)
        let second = try await waiting
        let next = try bench.request("a", fairness: .barging)
        let third = try #require(try await bench.backend.handOver(second, to: next))
        _ = try await bench.backend.downgrade(third, deadline: bench.soon)
        try await bench.backend.cancel(next, deadline: bench.soon)
    }

    private static func registers(_ bench: Bench) async throws {
        let held = try await bench.hold("r")
        for content in [RegisterWrite.Content.value([1], keptFor: .seconds(9)), .value([2]), .nothing, .unchanged] {
            _ = try await bench.backend.store(
                RegisterWrite(content, in: held.names[0], under: held.token), deadline: bench.soon)
        }
        #expect(try await bench.backend.load(held.names[0], deadline: bench.soon).value == nil)
        #expect(try await bench.release(held) == .released)
    }
}
