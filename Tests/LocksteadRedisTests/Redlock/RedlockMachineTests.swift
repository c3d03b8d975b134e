import Lockstead
import Testing

@testable import LocksteadRedis

@Suite("Redlock's round machines")
struct RedlockMachineTests {
    private let quorum = Quorum(nodes: 5)
    private let now = ContinuousTime(nanoseconds: 10_000_000_000_000)

    private func round(proposed: UInt64 = 100, memory: NodeMemory? = nil) -> AcquireRound {
        AcquireRound(
            quorum, memory: memory ?? NodeMemory(nodes: 5, quarantine: .seconds(300)), asked: Array(0..<5),
            proposed: proposed, at: now)
    }

    private func taken(_ token: UInt64 = 100, counter: UInt64 = 100, micros: UInt64 = 90, age: Int64 = 1_000_000)
        -> AcquireRound.Answer
    {
        .taken(AcquireRound.Taken(token: token, counter: counter, micros: micros, age: .milliseconds(age)))
    }

    private func busy(_ opensIn: Int64 = 500, rank: Int? = 0, age: Int64 = 1_000_000, value: String = "")
        -> AcquireRound.Answer
    {
        .busy(
            AcquireRound.Busy(
                value: value, opensIn: .milliseconds(opensIn), micros: 90, age: .milliseconds(age), rank: rank))
    }

    @Test("A majority that took the proposal decides, whatever the others say")
    func agreed() {
        var round = round()
        for node in 0..<2 { round.receive(taken(), from: node, isLost: false) }
        #expect(!round.isDecided)
        round.receive(taken(), from: 2, isLost: false)
        #expect(round.verdict == .agreed(FencingToken(rawValue: 100)))
        #expect(!round.isComplete && round.unanswered == [3, 4])
    }

    @Test("Without a majority for the proposal the token is above all counters and not behind any clock (RULES 10)")
    func raised() {
        var round = round()
        round.receive(taken(0, counter: 500), from: 0, isLost: false)
        round.receive(taken(), from: 1, isLost: false)
        round.receive(taken(0, counter: 3, micros: 400), from: 4, isLost: false)
        #expect(round.verdict == .toRaise(FencingToken(rawValue: 501), on: [0, 1, 4]))
        var late = self.round(proposed: 0)
        for node in 0..<3 { late.receive(taken(0, counter: 5, micros: 900), from: node, isLost: false) }
        #expect(late.verdict == .toRaise(FencingToken(rawValue: 900), on: [0, 1, 2]))
    }

    @Test("A proposal below what a node of ours has counted is not reported")
    func belowCounter() {
        var round = round()
        round.receive(taken(0, counter: 101), from: 0, isLost: false)
        round.receive(taken(), from: 1, isLost: false)
        round.receive(taken(), from: 2, isLost: false)
        #expect(round.verdict == .toRaise(FencingToken(rawValue: 102), on: [0, 1, 2]))
    }

    @Test("A round ends as soon as a majority is out of reach: busy, split, or too few who answer")
    func refusals() {
        var held = round()
        for node in 0..<3 { held.receive(busy(Int64(100 * (node + 1))), from: node, isLost: false) }
        #expect(held.verdict == .busy && held.opensIn == .milliseconds(300))
        var split = round()
        split.receive(taken(), from: 0, isLost: false)
        for node in 1..<4 { split.receive(busy(), from: node, isLost: false) }
        #expect(split.verdict == .split)
        var dead = round()
        dead.receive(taken(), from: 0, isLost: false)
        for node in 1..<4 { dead.receive(nil, from: node, isLost: node == 3) }
        #expect(dead.verdict == .unreachable && dead.unanswered == [3, 4])
        var few = AcquireRound(
            Quorum(nodes: 3), memory: NodeMemory(nodes: 3, quarantine: .zero), asked: [0, 1], proposed: 0, at: now)
        few.receive(busy(), from: 0, isLost: false)
        #expect(few.verdict == .busy, "the other one may still answer: nothing is out of reach")
    }

    @Test(
        "A node that forgot does not vote until it is as old as the longest lease; a new set of nodes votes at once (R36)"
    )
    func forgetful() {
        var round = round()
        for node in 1..<4 { round.receive(busy(), from: node, isLost: false) }
        var one = self.round()
        one.receive(busy(), from: 0, isLost: false)
        one.receive(busy(), from: 1, isLost: false)
        one.receive(taken(age: 5), from: 2, isLost: false)
        one.receive(taken(), from: 3, isLost: false)
        one.receive(taken(), from: 4, isLost: false)
        #expect(one.verdict == .split && one.forgetful == [2])
        var fresh = self.round()
        for node in 0..<3 { fresh.receive(taken(age: 1), from: node, isLost: false) }
        #expect(fresh.verdict == .agreed(FencingToken(rawValue: 100)))
        var known = NodeMemory(nodes: 5, quarantine: .seconds(300))
        for node in 0..<5 { known.told(age: .seconds(400), by: node, at: now) }
        known.told(age: .zero, by: 1, at: now)
        #expect(known.isForgetful(1, at: now) && !known.isForgetful(0, at: now))
        #expect(!known.isForgetful(1, at: now + .seconds(300)), "it has aged")
    }

    @Test("A minority that forgot together gives a lock to nobody beside its holder, whoever answers first (R36)")
    func forgetfulTogether() {
        for order in [0, 1, 2, 3, 4].permutations {
            var round = self.round()
            for node in order {
                switch node {
                case 0, 1: round.receive(taken(age: 0), from: node, isLost: false)
                case 2: round.receive(taken(), from: node, isLost: false)
                default: round.receive(busy(), from: node, isLost: false)
                }
            }
            #expect(round.verdict == .split, "in the order \(order)")
        }
    }

    @Test("One holder on a majority is waited for, whatever other nodes gave")
    func heldByOne() {
        var held = round()
        let value = "lockstead:1 x h aa 5 1 2 3 4 5 6 7 - - -"
        for node in 0..<3 { held.receive(busy(100, value: value), from: node, isLost: false) }
        #expect(held.verdict == .busy)
        var split = round()
        split.receive(taken(), from: 0, isLost: false)
        for (node, holder) in [(1, "aa"), (2, "bb"), (3, "aa"), (4, "bb")] {
            split.receive(
                busy(100, value: "lockstead:1 x h \(holder) 5 1 2 3 4 5 6 7 - - -"), from: node, isLost: false)
        }
        #expect(split.verdict == .split)
        var lacking = round()
        lacking.receive(taken(), from: 4, isLost: false)
        for node in 0..<3 { lacking.receive(busy(100, value: value), from: node, isLost: false) }
        #expect(lacking.verdict == .busy)
    }

    @Test("A poll is won by a majority, lost when there can be none, and unknown where too many are silent (R37)")
    func polls() {
        var won = Poll(quorum, asked: Array(0..<5))
        for node in 0..<3 { won.receive(.some(nil), from: node, isLost: false) }
        won.receive(.some("other"), from: 3, isLost: false)
        #expect(won.verdict == .won && won.refusing == [3])
        var lost = Poll(quorum, asked: Array(0..<5))
        for node in 0..<3 { lost.receive(.some("free"), from: node, isLost: false) }
        #expect(lost.verdict == .lost && lost.reasons == ["free", "free", "free"])
        var silent = Poll(quorum, asked: [0, 1, 2])
        silent.receive(.some(nil), from: 0, isLost: false)
        silent.receive(nil, from: 1, isLost: true)
        #expect(!silent.isDecided)
        silent.receive(.some("free"), from: 2, isLost: false)
        #expect(silent.verdict == .unknown)
    }

    @Test("Proposals are ahead of the nodes' clocks and never the same twice")
    func proposals() {
        var clock = TokenClock(nodes: 3)
        let quorum = Quorum(nodes: 3)
        clock.told(micros: 2_000_000, by: 0, at: now)
        #expect(clock.propose(at: now, quorum) == 0, "one node of three is no majority")
        clock.told(micros: 2_500_000, by: 1, at: now)
        let first = clock.propose(at: now, quorum)
        #expect(first == 2_500_000 + TokenClock.margin)
        #expect(clock.propose(at: now, quorum) == first + 1)
        #expect(clock.propose(at: now + .seconds(1), quorum) == first + 1_000_000)
    }
}

extension Array {
    fileprivate var permutations: [[Element]] {
        guard count > 1 else { return [self] }
        return indices.flatMap { index in
            var rest = self
            let first = rest.remove(at: index)
            return rest.permutations.map { [first] + $0 }
        }
    }
}
