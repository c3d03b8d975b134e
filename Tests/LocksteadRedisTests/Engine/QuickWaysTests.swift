import Lockstead
import RESP
import SeededRandom
import Synchronization
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("The quick ways of the scripts", .serialized)
struct QuickWaysTests {
    @Test("They answer, write and tell what the long ways do, whatever came before")
    func sameAsLong() async throws {
        var (handOvers, queued) = (0, 0)
        for seed in UInt64(1)...8 {
            let walk = try await walk(seed: seed)
            #expect(walk.difference == nil, "seed \(seed)")
            (handOvers, queued) = (handOvers + walk.handOvers, queued + walk.queued)
        }
        #expect(handOvers > 20 && queued > 40, "too little happened")
    }

    private func walk(seed: UInt64) async throws -> ScriptWalk {
        let (quick, long) = (try await RedisServer(), try await RedisServer())
        return try await withNode(quick.configuration) { (one) async throws in
            try await withNode(long.configuration) { (two) async throws in
                let twins = [
                    ScriptTwin(node: one, acquire: LockScripts.acquire, release: LockScripts.release),
                    ScriptTwin(
                        node: two, acquire: .withoutQuickWay(of: .acquire), release: .withoutQuickWay(of: .release)),
                ]
                var walk = ScriptWalk(twins: twins, draws: SeededGenerator(seed: seed))
                try await walk.run(steps: 200)
                return walk
            }
        }
    }
}

extension RedisScript {
    enum Act { case acquire, release }

    /// The script as it is where its quick way leaves the work to it.
    static func withoutQuickWay(of act: Act) -> RedisScript {
        let (script, quick) =
            switch act {
            case .acquire: (LockScripts.acquire, PackageResources.acquire_quick_lua)
            case .release: (LockScripts.release, PackageResources.release_quick_lua)
            }
        return RedisScript(String(script.source.dropPrefix(String(decoding: quick, as: UTF8.self))))
    }
}

/// One of the two servers.
struct ScriptTwin {
    let node: RedisNode
    let acquire: RedisScript
    let release: RedisScript
    static let keys = LockKeys(main: "a")

    func run(_ script: RedisScript, _ arguments: [String]) async throws -> RESPValue {
        var call = script.call(keys: Self.keys.scriptKeys)
        for argument in ["0"] + arguments { call.append(argument) }
        return try await node.run(call)
    }

    /// The request that has the lock by itself, where one has.
    var holder: String? {
        get async throws {
            let words = try await node.say("GET a").text?.split(separator: " ") ?? []
            return words.count > 4 ? String(words[3]) : nil
        }
    }

    /// The token under which a request has the lock here; some other number where it has not.
    func token(of request: String) async throws -> String {
        let words = try await node.say("GET a").text?.split(separator: " ") ?? []
        return words.count > 4 && words[3] == request ? String(words[4]) : "1"
    }

    /// What stands in the keys, without what cannot be the same on two servers.
    func state() async throws -> ScriptState {
        var texts = [try await node.say("GET a").text ?? "-"]
        texts += try await node.say("ZRANGE {a}:queue 0 -1").elements?.compactMap(\.text) ?? []
        let records = try await node.say("HGETALL {a}:records")
        texts += records.pairs.map { "\($0) \($1)" }.sorted()
        var rests: [Int64] = []
        for key in ["a", "{a}:fence", "{a}:queue", "{a}:records"] {
            rests.append(try await node.say("PTTL \(key)").integer ?? -2)
        }
        return ScriptState(texts: texts.map(\.masked), rests: rests)
    }
}

struct ScriptState {
    let texts: [String]
    /// Milliseconds for which the keys live.
    let rests: [Int64]

    /// The servers are asked one after the other.
    func isLike(_ other: ScriptState) -> Bool {
        texts == other.texts && zip(rests, other.rests).allSatisfy { ($0 < 0) == ($1 < 0) && abs($0 - $1) < 500 }
    }
}

extension RESPValue {
    /// The pairs of a map, or of a list that stands for one.
    fileprivate var pairs: [(String, String)] {
        if case .map(let entries) = bare { return entries.map { ($0.key.text ?? "", $0.value.text ?? "") } }
        let words = elements?.compactMap(\.text) ?? []
        return stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }
    }

    /// An answer in words; times that are left say only whether there are any.
    fileprivate var inWords: String {
        guard let elements else { return text?.masked ?? integer.map(String.init) ?? "nothing" }
        let isTimed = ["queued", "busy", "granted"].contains(elements.first?.text)
        return elements.enumerated().map { index, element in
            if isTimed, index == 2, let rest = element.integer { return rest > 0 ? "soon" : rest < 0 ? "never" : "0" }
            return element.inWords
        }.joined(separator: " ")
    }
}

extension String {
    /// Without times and tokens.
    fileprivate var masked: String {
        replacing(/(\d{3})\d{16}([0-9a-f]{32})/) { "\($0.output.1)@\($0.output.2)" }.replacing(/\d{12,}/, with: "#")
    }
}

/// The same calls on both, step by step.
struct ScriptWalk {
    let twins: [ScriptTwin]
    var draws: SeededGenerator
    private(set) var difference: String?
    private(set) var handOvers = 0
    private(set) var queued = 0
    /// What waiters were told as their place; as the scripts answered, by server.
    private var places: [[String: String]] = [[:], [:]]
    private static let requests = (0..<6).map { String(repeating: "\($0)", count: 32) }

    init(twins: [ScriptTwin], draws: SeededGenerator) { (self.twins, self.draws) = (twins, draws) }

    mutating func run(steps: Int) async throws {
        let heard = twins.map { _ in Heard() }
        let hearings = zip(twins, heard).map { twin, heard in
            // Channels whose clients are gone have no listener; what happens to the lock is listened to.
            ["lockstead:wake:living", "lockstead:events:0:a"].map { twin.node.hear(.channel($0)) { heard.receive($0) } }
        }
        let isHearing = try await eventually { heard.allSatisfy { $0.subscriptions == 2 } }
        try #require(isHearing)
        for step in 0..<steps where difference == nil { try await self.step(step) }
        let isSame = try await eventually { heard[0].messages == heard[1].messages }
        if !isSame { difference = difference ?? "told \(heard[0].messages), and \(heard[1].messages)" }
        handOvers = heard[0].messages.values.joined().count { $0.contains(" 1000 ") }
        for hearing in hearings.flatMap(\.self) { hearing.cancel() }
    }

    private mutating func step(_ number: Int) async throws {
        // What is about to end by itself does so on both.
        if case 0...100 = try await twins[0].node.say("PTTL a").integer ?? -2 {
            try await Task.sleep(for: .milliseconds(150))
        }
        var (request, act) = (Self.requests[Int(draws.next() % 6)], draws.next() % 10)
        // Mostly it is the holder that releases.
        if act >= 5, draws.chance(0.7), let holder = try await twins[0].holder { (request, act) = (holder, 5) }
        let terms =
            draws.chance(0.1) ? ["20000", "0", "0"] : draws.chance(0.1) ? ["0", "10000", "90000"] : ["0", "0", "0"]
        let (waits, order) = (draws.chance(0.85) ? "1" : "0", draws.chance(0.8) ? "f" : "b")
        let priority = draws.chance(0.8) ? "0" : draws.chance(0.5) ? "5" : "-5"
        let channel = "lockstead:wake:" + (draws.chance(0.85) ? "living" : "gone")
        let (onItsWay, share) = (draws.chance(0.9) ? "0" : "30000", draws.chance(0.95) ? "fair" : "foreign")
        let mode = draws.chance(0.9) ? "x" : "s"
        var answers: [String] = []
        for (index, twin) in twins.enumerated() {
            let token = try await twin.token(of: request)
            let answer: RESPValue
            switch act {
            case 0...4:
                let place = places[index][request] ?? "-"
                answer = try await twin.run(
                    twin.acquire,
                    [share, request, request, mode, order, "60000"] + terms
                        + [waits, "60000", channel, place, priority, "4", "note", onItsWay])
                places[index][request] = answer.elements?.first?.text == "queued" ? answer.elements?[1].text : nil
            case 5...7: answer = try await twin.run(twin.release, [share, request, token])
            case 8: answer = try await twin.run(LockScripts.renew, ["1", request, token, "60000"])
            default: answer = try await twin.run(LockScripts.cancel, [share, request, onItsWay])
            }
            answers.append(answer.inWords)
        }
        queued += answers[0].hasPrefix("queued") ? 1 : 0
        let states = [try await twins[0].state(), try await twins[1].state()]
        if answers[0] != answers[1] || !states[0].isLike(states[1]) {
            difference = "step \(number), act \(act) of \(request.prefix(1)): \(answers), \(states[0]), \(states[1])"
        }
    }
}

/// What was told on each channel, in order.
private final class Heard: Sendable {
    private let state = Mutex((messages: [String: [String]](), subscriptions: 0))

    var messages: [String: [String]] { state.withLock(\.messages) }
    var subscriptions: Int { state.withLock(\.subscriptions) }

    func receive(_ event: RedisSubscriptionEvent?) {
        switch event {
        case .subscribed: state.withLock { $0.subscriptions += 1 }
        case .message(let message):
            let text = String(decoding: message.payload, as: UTF8.self).masked
            // The long way has a request stand in the queue for the moment in which it is served.
            if !text.hasPrefix("queued"), !text.hasPrefix("waitEnded") {
                state.withLock { $0.messages[message.channel, default: []].append(text) }
            }
        default: break
        }
    }
}
