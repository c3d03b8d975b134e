import Lockstead

/// One attempt to take a name on a majority of the nodes: which of them gave it, and under which token it may be reported (RULES 10).
struct AcquireRound: RoundMachine, Equatable {
    /// What one node says.
    enum Answer: Sendable, Equatable {
        case taken(Taken)
        case busy(Busy)
        /// The attempt was withdrawn before it arrived.
        case gone
        /// Too many wait there.
        case full
    }

    /// The node gave the name to the attempt.
    struct Taken: Sendable, Equatable {
        /// The proposed token where the node counted up to it, else zero.
        var token: UInt64
        /// Its counter now.
        var counter: UInt64
        var micros: UInt64
        var age: TimeSpan
    }

    /// Someone else has the name there.
    struct Busy: Sendable, Equatable {
        var value: String
        /// Until it opens by itself, where it does.
        var opensIn: TimeSpan?
        var micros: UInt64
        var age: TimeSpan
        /// Place among those who wait there, where it waits.
        var rank: Int?
    }

    enum Verdict: Sendable, Equatable {
        case open
        /// A majority counted up to the proposed token as it gave the name: nothing is left to be done.
        case agreed(FencingToken)
        /// A majority gave the name; the token is to be raised on these nodes.
        case toRaise(FencingToken, on: [Int])
        /// Some gave it, but no majority.
        case split
        case busy
        case full
        /// A majority is out of reach.
        case unreachable
    }

    let quorum: Quorum
    private let proposed: UInt64
    private let now: ContinuousTime
    private(set) var memory: NodeMemory
    private var pending: Set<Int>
    private(set) var taken: [Int: Taken] = [:]
    private(set) var busy: [Int: Busy] = [:]
    private var fullCount = 0
    private var goneCount = 0
    /// Those of which something of the attempt may still arrive.
    private(set) var lost: Set<Int> = []
    private(set) var verdict = Verdict.open

    /// A round that was sent at `now` with a proposed token, zero for none; who is not asked counts as silent.
    init(_ quorum: Quorum, memory: NodeMemory, asked: [Int], proposed: UInt64, at now: ContinuousTime) {
        (self.quorum, self.memory, self.proposed, self.now) = (quorum, memory, proposed, now)
        pending = Set(asked)
        judge()
    }

    var isDecided: Bool { verdict != .open }
    var isComplete: Bool { pending.isEmpty }
    /// Those of which an answer, or an arrival without one, may still come.
    var unanswered: Set<Int> { pending.union(lost) }

    mutating func receive(_ answer: Answer?, from node: Int, isLost: Bool) {
        guard pending.remove(node) != nil else { return }
        if isLost { lost.insert(node) }
        switch answer {
        case .taken(let answer):
            taken[node] = answer
            memory.told(age: answer.age, by: node, at: now)
        case .busy(let answer):
            busy[node] = answer
            memory.told(age: answer.age, by: node, at: now)
        case .gone: goneCount += 1
        case .full: fullCount += 1
        case nil: break
        }
        judge()
    }

    /// The nodes whose giving counts: not those that forgot.
    var counted: [Int] { taken.keys.filter { !memory.isForgetful($0, at: now) }.sorted() }
    /// The nodes that gave the name and do not count, since they forgot.
    var forgetful: [Int] { taken.keys.filter { memory.isForgetful($0, at: now) }.sorted() }
}

extension AcquireRound {
    private mutating func judge() {
        guard verdict == .open else { return }
        let counted = counted
        if counted.count >= quorum.majority {
            verdict = grant(counted)
        } else if !quorum.isPossible(counted.count, pending: pending.count) {
            verdict = refusal
        }
    }

    /// RULES 10: above everything that the nodes had counted, and not behind their clocks.
    ///
    /// A token that a majority took as it gave the name needs no second phase: any later grant takes the name on one of these nodes after
    /// us, and finds our token there as if it had been raised. See docs/decisions/0016.
    private func grant(_ counted: [Int]) -> Verdict {
        let highest = taken.values.map(\.counter).max() ?? 0
        let takers = counted.count { taken[$0]?.token == proposed }
        if proposed > 0, takers >= quorum.majority, highest <= proposed {
            return .agreed(FencingToken(rawValue: proposed))
        }
        let clock = taken.values.map(\.micros).max() ?? 0
        return .toRaise(FencingToken(rawValue: max(highest + 1, clock)), on: taken.keys.sorted())
    }

    private var refusal: Verdict {
        let answered = taken.count + busy.count + fullCount + goneCount
        // Those who have yet to answer are not out of reach.
        if answered + pending.count < quorum.majority { return .unreachable }
        if fullCount > 0, taken.isEmpty { return .full }
        return taken.isEmpty || isHeld ? .busy : .split
    }

    /// Whether one holder has a majority: then some nodes that it lacks are no reason to try again at once.
    private var isHeld: Bool {
        let named = busy.values.filter { !$0.value.isEmpty }
        let holders = Dictionary(named.map { ($0.holder, 1) }, uniquingKeysWith: +)
        return (holders.values.max() ?? 0) >= quorum.majority
    }

    /// When a majority may be open by itself, where this request would be the first to see it.
    var opensIn: TimeSpan? {
        guard busy.values.contains(where: { $0.rank == 0 }) else { return nil }
        let rests = busy.values.compactMap(\.opensIn).sorted()
        let needed = max(1, quorum.majority - taken.count)
        return rests.count >= needed ? rests[needed - 1] : rests.last
    }
}

extension AcquireRound.Busy {
    /// The attempt that has the name there, the same on all nodes that it has; of another program, what that wrote.
    fileprivate var holder: Substring {
        let words = value.split(separator: " ", maxSplits: 4)
        return words.count > 4 && words[0] == "lockstead:1" ? words[3] : value[...]
    }
}
