import Lockstead
import SeededRandom

@testable import LocksteadRedis

/// Nodes, clients and a network that delays, loses and repeats, in virtual time: drives the real round machines (RULES 10).
struct RedlockModel {
    /// A mistake to be found.
    enum Planted: String, CaseIterable {
        // Found by their tokens.

        /// A node raises for whoever asks, whether or not it still holds the key.
        case raiseWithoutOwnerCheck
        /// A client that starts over keeps the token of the round that failed.
        case tokenReused
        /// A node takes a proposal that is not above its counter.
        case proposalNotAbove
        /// A token is reported though a minority was raised only.
        case minorityRaised

        // Found by two who believe to hold at once.

        /// A node that forgot votes as if it had not.
        case forgetfulVotes
        /// A renewal is believed that a minority confirmed.
        case minorityRenewed
        /// Validity counts from the answers, not from the sending.
        case validityFromAnswers

        var symptom: Symptom {
            switch self {
            case .raiseWithoutOwnerCheck, .tokenReused, .proposalNotAbove, .minorityRaised: .tokens
            case .forgetfulVotes, .minorityRenewed, .validityFromAnswers: .overlap
            }
        }
    }

    /// What a planted mistake shows itself by.
    enum Symptom { case tokens, overlap }

    /// What may happen beside delays, losses and repetitions.
    enum Harm: CaseIterable {
        case none
        /// Keys end before their leases: by an operator, an eviction, a clock that stepped. Tokens alone are promised then.
        case endsEarly
        /// Nodes restart empty, never more than a minority of them within a while.
        case forgets
    }

    /// A reported grant, and when its attempt began and was reported.
    struct Reported: Equatable {
        var token: UInt64
        var sent: Int64
        var reported: Int64
    }

    enum Message {
        case acquire(attempt: Int, proposed: UInt64)
        case raise(attempt: Int, token: UInt64)
        case release(attempt: Int)
        case took(attempt: Int, AcquireRound.Answer)
        case raised(attempt: Int, Bool)
        case extend(attempt: Int, renewal: Int)
        case extended(attempt: Int, renewal: Int, ModelNode.Extending)
        case heal(attempt: Int)
        case giveUp(attempt: Int)
        case begin(client: Int)
        /// The holder renews, or leaves.
        case goOn(attempt: Int)
    }

    struct Delivery {
        var at: Int64
        var order: Int
        /// The node that it goes to, or comes from.
        var node: Int
        var message: Message
    }

    struct Attempt {
        var client: Int
        var sent: Int64
        var round: AcquireRound
        var poll: Poll?
        var token: UInt64 = 0
        var isOver = false
        /// Until when its client believes to hold, where it does.
        var validUntil: Int64?
        var renewals = 0
        var renewal: (sent: Int64, poll: Poll)?
    }

    static let lease: Int64 = 100_000
    let planted: Planted?
    let harm: Harm
    var nodes: [ModelNode]
    var draws: SeededGenerator
    var now: Int64 = 1_000_000
    /// The latest first.
    var queue: [Delivery] = []
    var attempts: [Attempt] = []
    var reported: [Reported] = []
    /// What two believed to hold at once.
    var overlaps: [String] = []
    var forgotten: [(node: Int, at: Int64)] = []
    var clocks: [TokenClock]
    var memories: [NodeMemory]
    var reused: [UInt64?]
    private var order = 0

    init(seed: UInt64, nodes: Int = 5, clients: Int = 3, harm: Harm, planted: Planted?) {
        var draws = SeededGenerator(seed: seed)
        (self.planted, self.harm) = (planted, harm)
        self.nodes = (0..<nodes).map { _ in ModelNode(skew: Int64(draws.next() % 4_000)) }
        clocks = Array(repeating: TokenClock(nodes: nodes), count: clients)
        let quarantine = planted == .forgetfulVotes ? TimeSpan.zero : TimeSpan(nanoseconds: Self.lease * 1_000)
        memories = Array(repeating: NodeMemory(nodes: nodes, quarantine: quarantine), count: clients)
        reused = Array(repeating: nil, count: clients)
        self.draws = draws
    }

    var quorum: Quorum { Quorum(nodes: nodes.count) }
    var time: ContinuousTime { ContinuousTime(nanoseconds: now * 1_000) }

    /// Runs until so many grants were reported.
    ///
    /// - Returns: Those whose token another had, or whose attempt began after a grant with a higher one was reported; where no key ends
    ///   early, also those reported after one with a higher token.
    mutating func run(grants: Int) -> [Reported] {
        for client in clocks.indices { begin(client) }
        while reported.count < grants, let delivery = queue.popLast() {
            now = max(now, delivery.at)
            switch harm {
            case .none: break
            case .endsEarly: if draws.chance(0.005) { operate() }
            case .forgets: if draws.chance(0.01) { forget() }
            }
            deliver(delivery)
        }
        return reported.indices.filter(isWrong).map { reported[$0] }
    }

    private func isWrong(_ index: Int) -> Bool {
        let grant = reported[index]
        return reported[..<index].contains { earlier in
            earlier.token == grant.token
                || earlier.token > grant.token && (harm != .endsEarly || earlier.reported <= grant.sent)
        }
    }

    mutating func enqueue(_ message: Message, node: Int, after delay: Int64) {
        order += 1
        let delivery = Delivery(at: now + delay, order: order, node: node, message: message)
        var (low, high) = (0, queue.count)
        while low < high {
            let middle = (low + high) / 2
            if isEarlier(delivery, queue[middle]) { low = middle + 1 } else { high = middle }
        }
        queue.insert(delivery, at: low)
    }

    private func isEarlier(_ one: Delivery, _ other: Delivery) -> Bool {
        (one.at, one.order) < (other.at, other.order)
    }

    /// An operator, an eviction or a clock that stepped: keys end early, counters stay.
    private mutating func operate() {
        let count = Int(draws.next() % UInt64(nodes.count)) + 1
        for node in 0..<count { nodes[node].holder = nil }
    }

    /// A node restarts empty, unless that would make more than a minority that forgot lately.
    private mutating func forget() {
        let lately = forgotten.filter { now - $0.at < 2_000_000 }
        let node = Int(draws.next() % UInt64(nodes.count))
        guard Set(lately.map(\.node) + [node]).count <= nodes.count - quorum.majority else { return }
        forgotten = lately + [(node, now)]
        nodes[node] = ModelNode(skew: nodes[node].skew, born: now)
    }

    mutating func send(_ message: Message, _ node: Int) {
        let copies = draws.chance(0.1) ? 0 : draws.chance(0.1) ? 2 : 1
        for _ in 0..<copies {
            enqueue(message, node: node, after: Int64(draws.next() % (draws.chance(0.1) ? 40_000 : 3_000)) + 50)
        }
    }

    private mutating func deliver(_ delivery: Delivery) {
        let node = delivery.node
        switch delivery.message {
        case .acquire(let attempt, let proposed):
            let answer = nodes[node].acquire(attempt, proposed, at: now, planted)
            send(.took(attempt: attempt, answer), node)
        case .raise(let attempt, let token):
            let isRaised = nodes[node].raise(attempt, token, at: now, planted)
            send(.raised(attempt: attempt, isRaised), node)
        case .extend(let attempt, let renewal):
            send(.extended(attempt: attempt, renewal: renewal, nodes[node].extend(attempt, at: now)), node)
        case .heal(let attempt): nodes[node].heal(attempt, attempts[attempt].token, at: now)
        case .release(let attempt): nodes[node].release(attempt)
        case .took(let attempt, let answer): took(attempt, node, answer)
        case .raised(let attempt, let isRaised): raised(attempt, node, isRaised)
        case .extended(let attempt, let renewal, let answer): extended(attempt, renewal, node, answer)
        case .giveUp(let attempt): giveUp(attempt)
        case .begin(let client): begin(client)
        case .goOn(let attempt): goOn(attempt)
        }
    }
}
