import RESP
import SeededRandom
import Testing

@testable import LocksteadRedis

@Suite("Subscriptions")
struct SubscriptionMachineTests {
    private static let news = RedisChannel.channel("news")

    private static func push(_ words: String...) -> RESPValue {
        .push(words.map { .blobString(Array($0.utf8)) })
    }

    @Test("A channel is asked for once, and given up with its last listener")
    func once() {
        var machine = SubscriptionMachine()
        machine.connected()
        let confirmed = [machine.add(1, to: Self.news), machine.add(2, to: Self.news)]
        #expect(confirmed == [false, false])
        #expect(machine.takeOutbox().map(\.name) == ["SUBSCRIBE"])
        #expect(machine.received(Self.push("subscribe", "news", "1")).told == [1, 2])
        let isConfirmed = machine.add(3, to: Self.news)
        #expect(isConfirmed)
        for listener in UInt64(1)...3 { machine.remove(listener, from: Self.news) }
        #expect(machine.takeOutbox().map(\.name) == ["UNSUBSCRIBE"])
        #expect(machine.received(Self.push("unsubscribe", "news", "0")).told == nil)
        #expect(machine.entries.isEmpty)
    }

    @Test("Only the confirmation of what was asked last says how things stand")
    func crossing() {
        var machine = SubscriptionMachine()
        machine.connected()
        _ = machine.add(1, to: Self.news)
        machine.remove(1, from: Self.news)
        _ = machine.add(2, to: Self.news)
        #expect(machine.takeOutbox().map(\.name) == ["SUBSCRIBE", "UNSUBSCRIBE", "SUBSCRIBE"])
        #expect(machine.received(Self.push("subscribe", "news", "1")).told == nil)
        #expect(machine.received(Self.push("unsubscribe", "news", "0")).told == nil)
        #expect(machine.received(Self.push("subscribe", "news", "1")).told == [2])
    }

    @Test("What was asked for and not confirmed is asked for again with the next connection")
    func remembered() {
        var machine = SubscriptionMachine()
        _ = machine.add(1, to: Self.news)
        _ = machine.add(2, to: .pattern("p*"))
        #expect(machine.takeOutbox().isEmpty)
        for _ in 0..<3 {
            machine.connected()
            #expect(machine.takeOutbox().map(\.name).sorted() == ["PSUBSCRIBE", "SUBSCRIBE"])
            #expect(machine.lost() == [])
        }
        machine.connected()
        for command in machine.takeOutbox() {
            let isPattern = command.name == "PSUBSCRIBE"
            _ = machine.received(Self.push(isPattern ? "psubscribe" : "subscribe", isPattern ? "p*" : "news", "1"))
        }
        #expect(machine.lost().sorted() == [1, 2])
    }

    @Test("A confirmation nobody asked for is out of step, but for a slot that moved")
    func unasked() {
        var machine = SubscriptionMachine()
        machine.connected()
        guard case .outOfStep = machine.received(Self.push("subscribe", "x", "1")) else {
            Issue.record("it was taken")
            return
        }
        _ = machine.add(1, to: .shard("s"))
        _ = machine.takeOutbox()
        _ = machine.received(Self.push("ssubscribe", "s", "1"))
        #expect(machine.received(Self.push("sunsubscribe", "s", "0")).told == [1])
        #expect(machine.takeOutbox().map(\.name) == ["SSUBSCRIBE"])
    }

    @Test(
        "After any walk of coming, going, losses and answers, what is wanted is what is listened to", arguments: 0..<64)
    func walk(seed: UInt64) {
        var draws = SeededGenerator(seed: seed)
        var machine = SubscriptionMachine()
        var server = FakeListeners()
        var listeners: [(UInt64, RedisChannel)] = []
        for step in UInt64(0)..<400 {
            let channel = RedisChannel.channel("c\(draws.next() % 3)")
            switch draws.next() % 8 {
            case 0, 1, 2:
                _ = machine.add(step, to: channel)
                listeners.append((step, channel))
            case 3, 4:
                guard !listeners.isEmpty else { continue }
                let (listener, channel) = listeners.remove(at: Int(draws.next() % UInt64(listeners.count)))
                machine.remove(listener, from: channel)
            case 5:
                if draws.chance(0.2) {
                    _ = machine.lost()
                    server = FakeListeners()
                } else if !machine.isConnected {
                    machine.connected()
                }
            default: server.serve(&machine, atMost: Int(draws.next() % 4))
            }
        }
        if !machine.isConnected { machine.connected() }
        server.serve(&machine, atMost: .max)
        #expect(server.channels == Set(listeners.map(\.1.name)), "seed \(seed)")
        #expect(!machine.isOwed)
        #expect(Set(machine.entries.filter(\.value.isSubscribed).keys.map(\.name)) == server.channels)
    }

    /// A server that confirms what it is asked, in order.
    private struct FakeListeners {
        var channels: Set<String> = []
        var asked: [RedisCommand] = []

        mutating func serve(_ machine: inout SubscriptionMachine, atMost count: Int) {
            asked += machine.takeOutbox()
            for _ in 0..<min(count, asked.count) {
                let command = asked.removeFirst()
                let channel = command.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
                if command.name == "SUBSCRIBE" { channels.insert(channel) } else { channels.remove(channel) }
                let effect = machine.received(SubscriptionMachineTests.push(command.name.lowercased(), channel, "1"))
                if case .outOfStep(let detail) = effect { Issue.record("\(detail)") }
            }
        }
    }
}

extension SubscriptionMachine.Effect {
    fileprivate var told: [UInt64]? { if case .tell(let listeners, _) = self { listeners } else { nil } }
}
