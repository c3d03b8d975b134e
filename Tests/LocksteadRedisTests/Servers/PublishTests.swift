import Lockstead
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("Listening at a real server")
struct PublishTests {
    @Test("Who listens hears that it does, and every message from then on", arguments: Dialect.all)
    func listening(dialect: Dialect) async throws {
        try await dialect.run { (node, _) async throws in
            let subscription = node.subscribe(to: .channel("news"))
            #expect(await subscription.next().isSubscribed)
            let pattern = node.subscribe(to: .pattern("n*"))
            #expect(await pattern.next().isSubscribed)
            let second = node.subscribe(to: .channel("news"))
            #expect(await second.next().isSubscribed)
            for round in 0..<20 {
                #expect(try await node.say("PUBLISH news \(round)") == .number(2))
                for listener in [subscription, pattern, second] {
                    #expect(
                        await listener.next().message == RedisMessage(channel: "news", payload: Array("\(round)".utf8)))
                }
            }
        }
    }

    @Test("Who leaves is not listened for any more, and may come back", arguments: Dialect.all)
    func leaving(dialect: Dialect) async throws {
        try await dialect.run { (node, _) async throws in
            for _ in 0..<3 {
                let subscription = node.subscribe(to: .channel("news"))
                #expect(await subscription.next().isSubscribed)
                subscription.cancel()
                #expect(await subscription.next() == nil)
                #expect(try await eventually { try await node.say("PUBLISH news x") == .number(0) })
            }
        }
    }

    @Test("Leaving and coming back at once ends in listening", arguments: Dialect.all)
    func racing(dialect: Dialect) async throws {
        try await dialect.run { (node, _) async throws in
            for _ in 0..<100 { node.subscribe(to: .channel("news")).cancel() }
            let subscription = node.subscribe(to: .channel("news"))
            #expect(await subscription.next().isSubscribed)
            #expect(try await node.say("PUBLISH news x") == .number(1))
            #expect(await subscription.next().message?.payload == [0x78])
        }
    }

    @Test("A lost connection is told, and all that is listened to is asked for again", arguments: Dialect.all)
    func resubscription(dialect: Dialect) async throws {
        try await dialect.run { (node, server) async throws in
            let subscriptions = (0..<50).map { node.subscribe(to: .channel("c\($0)")) }
            for subscription in subscriptions { #expect(await subscription.next().isSubscribed) }
            for round in 0..<3 {
                if round == 2 {
                    server.kill()
                    // More than one attempt fails before the server is back.
                    try await Task.sleep(for: .milliseconds(300))
                    try await server.restart()
                } else {
                    try await node.say("CLIENT KILL TYPE pubsub")
                }
                for subscription in subscriptions {
                    #expect(await subscription.next().isInterrupted)
                    #expect(await subscription.next().isSubscribed)
                }
                #expect(
                    try await eventually {
                        await failure { () async throws(RedisError) in try await node.say("PING") } == nil
                    })
                for (index, subscription) in subscriptions.enumerated() {
                    #expect(try await node.say("PUBLISH c\(index) x") == .number(1))
                    #expect(await subscription.next().message?.payload == [0x78])
                }
            }
        }
    }

    @Test("A channel that the ACL forbids is told as refused")
    func refused() async throws {
        let server = try await RedisServer(options: ["--user", "ann", "on", ">secret", "~*", "&allowed", "+@all"])
        var configuration = server.configuration
        (configuration.user, configuration.password) = ("ann", "secret")
        try await withNode(configuration) { (node) async throws in
            let forbidden = node.subscribe(to: .channel("forbidden"))
            let allowed = node.subscribe(to: .channel("allowed"))
            guard case .refused(let error) = await forbidden.next() else {
                Issue.record("the subscription was not refused")
                return
            }
            #expect(error.code == .permissionDenied)
            #expect(await allowed.next().isSubscribed)
        }
    }

    @Test("A half-open connection is noticed without a command under way, and listened to anew")
    func halfOpen() async throws {
        let server = try await RedisServer()
        var configuration = server.configuration
        (configuration.timeouts.quiet, configuration.timeouts.silence) = (.milliseconds(200), .milliseconds(400))
        configuration.timeouts.connect = .milliseconds(400)
        try await withNode(configuration) { (node) async throws in
            let subscription = node.subscribe(to: .channel("news"))
            #expect(await subscription.next().isSubscribed)
            server.pause()
            #expect(await subscription.next().isInterrupted)
            server.resume()
            #expect(await subscription.next().isSubscribed)
        }
    }

    @Test("A slow reader loses messages, and is told")
    func backlog() async throws {
        let server = try await RedisServer()
        var configuration = server.configuration
        configuration.limits.subscriptionBacklog = 10
        try await withNode(configuration) { (node) async throws in
            let subscription = node.subscribe(to: .channel("news"))
            #expect(await subscription.next().isSubscribed)
            let other = node.subscribe(to: .channel("news"))
            #expect(await other.next().isSubscribed)
            for round in 0..<50 {
                try await node.say("PUBLISH news \(round)")
                #expect(await other.next().message != nil)
            }
            #expect(await subscription.next().isInterrupted)
            #expect(await subscription.next().isSubscribed)
            #expect(await subscription.next().message != nil)
        }
    }
}

extension RedisSubscriptionEvent? {
    var isSubscribed: Bool { if case .subscribed = self { true } else { false } }
    var isInterrupted: Bool { if case .interrupted = self { true } else { false } }
    var message: RedisMessage? { if case .message(let message) = self { message } else { nil } }
}
