import Lockstead
import RESP
import TestServers
import Testing

@testable import LocksteadRedis

@Suite("What is heard of a real cluster", .serialized)
struct ClusterHearingTests {
    @Test("R28: a shard's channel is heard again where its slot went, and the gap is told")
    func shard() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        try await withCluster(servers) { cluster in
            var events = cluster.subscribe(to: .shard("news:{a}")).makeAsyncIterator()
            try #require(await events.next()?.word == "subscribed")
            try servers.primary(of: "a").ask("SPUBLISH", "news:{a}", "one")
            #expect(await events.next()?.word == "one")
            for (round, word) in ["two", "three"].enumerated() {
                let target = try servers.otherPrimary(than: try servers.primary(of: "a"))
                try await servers.moveSlot(of: "a", to: target)
                #expect(await events.next()?.word == "interrupted", "round \(round)")
                #expect(await events.next()?.word == "subscribed", "round \(round)")
                #expect(try servers.primary(of: "a").ask("SPUBLISH", "news:{a}", word) == "1")
                #expect(await events.next()?.word == word)
            }
        }
    }

    @Test("A channel and a pattern are heard at another primary when theirs dies")
    func channels() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        try await withCluster(servers) { cluster in
            for channel in [RedisChannel.channel("news"), .pattern("new*")] {
                var events = cluster.subscribe(to: channel).makeAsyncIterator()
                try #require(await events.next()?.word == "subscribed")
                let place = try #require(cluster.hearings.all.first { $0.channel == channel }?.place)
                let node = try #require(servers.nodes.first { place == .host("127.0.0.1", port: $0.port) })
                let other = try #require(servers.nodes.first { $0.port != node.port && $0.isGoing })
                try other.ask("PUBLISH", "news", "one")
                #expect(await events.next()?.word == "one")
                node.kill()
                #expect(await events.next()?.word == "interrupted")
                #expect(await events.next()?.word == "subscribed")
                try other.ask("PUBLISH", "news", "two")
                #expect(await events.next()?.word == "two")
                try node.restart()
                try await servers.wait("it does not come back") {
                    (try? node.ask("CLUSTER", "INFO").contains("cluster_state:ok")) ?? false
                }
            }
        }
    }
}

extension RedisSubscriptionEvent {
    /// In one word, a message by its payload.
    fileprivate var word: String {
        switch self {
        case .subscribed: "subscribed"
        case .interrupted: "interrupted"
        case .message(let message): String(decoding: message.payload, as: UTF8.self)
        case .refused(let error): "refused \(error)"
        }
    }
}
