import LockCore
import SeededRandom

/// Clients with leases, renewal, retries and guarded work against the service over a faulty network, in virtual time.
///
/// Every clock runs at a rate of its own, messages are lost, doubled, late and out of order, clients stand still and die, leaders
/// crash, stall and are cut off. Time jumps to the next event; one event is one step.
package struct SessionWalk: Simulation {
    enum Event {
        case request(SessionRequest, toDeposed: Bool)
        case reply(SessionReply, life: UInt64)
        case operation(GuardedOperation, life: UInt64)
        case readDone(client: Int, life: UInt64, token: FencingToken, version: UInt64)
        case wake(Int)
        case resume(Int)
        case commit
        case tick(term: Int)
        case roundStart(term: Int)
        case roundDone(term: Int, number: UInt64, askedVotersAt: Int64)
        case leaderResumes(term: Int)
        case election
        case deposedLearns
        case fault
        case tableDue(term: Int)
        case leaderDies(term: Int)
        case isolation(term: Int)
        case silence(client: Int, isDeaf: Bool)
        case force(LockName)
    }

    var queue = EventQueue<Event>()
    var real: Int64 = 0
    var service: SessionService
    var clients: [SessionClient] = []
    var resources: [LockName: GuardedResource] = [:]
    var beliefs: BeliefJudge
    var profile: FaultProfile
    /// Which clients still talk to a leader that is none any more; by the bit of their index.
    var strayed: UInt64 = 0
    /// One-way cuts: until when nothing of this client reaches the service, or nothing of the service reaches it.
    var cutFrom: [Int64]
    var cutTo: [Int64]
    var network: SeededGenerator
    var faults: SeededGenerator
    var isHealing = false
    let options: SimulationOptions
    package internal(set) var counts = Counts()
    private var sum: UInt64 = 0
    var lastEvent = ""
    /// The client that this event made act.
    var actor: Int?
    /// What was wrong with a decision of the leader's.
    var decisionProblem: String?

    /// What shows that a walk was eventful.
    package struct Counts: Sendable, Hashable {
        /// Grants that reached their holders.
        package var grants = 0
        /// Renewals that were confirmed.
        package var renewals = 0
        /// Sessions that clients learnt to be over.
        package var losses = 0
        /// Messages sent again.
        package var retries = 0
        /// Sessions that expired.
        package var expiries = 0
        /// Leaders elected.
        package var elections = 0
        /// Restarts of the whole service from its snapshot.
        package var restarts = 0
        /// Operations that a guarded resource refused.
        package var refusals = 0
        /// Operations that it took.
        package var operations = 0
        /// Moments at which two holders believed at once, where clocks are worse than promised.
        package var overlaps = 0
    }

    /// Begins with an elected leader and clients that are about to open their sessions.
    package init(seed: UInt64, options: SimulationOptions = SimulationOptions()) {
        var root = SeededGenerator(seed: seed)
        self.options = options
        (network, faults) = (root.split(), root.split())
        profile = FaultProfile(seed: seed, &faults)
        service = SessionService(options: options)
        beliefs = BeliefJudge(rate: profile.rate, promisesBelief: profile.promisesBelief)
        let count = Int.random(in: 2...5, using: &faults)
        (cutFrom, cutTo) = (Array(repeating: 0, count: count), Array(repeating: 0, count: count))
        for index in 0..<count {
            clients.append(
                SessionClient(
                    index: index, clock: profile.clock(ofLeader: false, &faults), dwells: profile.dwellers,
                    bug: options.bug?.ofSession,
                    draw: root.split()))
            clients[index].nextAct = clients[index].clock.reading(at: Int64.random(in: 0...500_000_000, using: &faults))
            planWake(index)
        }
        for name in SessionClient.names { resources[name] = GuardedResource(bug: options.bug?.ofSession) }
        elect()
        queue.plan(.fault, at: profile.calm)
    }

    package var digest: UInt64 { service.table.digest &+ sum }

    package var account: String { "\(Account.seconds(real)): \(lastEvent)" }

    package mutating func step() -> String? {
        guard let (time, event) = queue.next() else { return "nothing is left to happen" }
        real = max(real, time)
        (lastEvent, actor) = ("", nil)
        let problem = handle(event) ?? decisionProblem
        sum = (sum ^ UInt64(bitPattern: real)) &* 0xD6E8_FEB8_6659_FD93 &+ UInt64(service.applied)
        guard problem == nil, let index = actor else { return problem }
        return beliefs.judgeBeliefs(of: clients[index], among: clients, service.judge, at: real)
    }

    /// Puts what happens into words where somebody reads them: that takes longer than the step itself.
    mutating func say(_ text: @autoclosure () -> String) {
        if options.isTraced { lastEvent = text() }
    }

    /// Everything heals, nobody asks for anything new: every living waiter is served, and what was granted is given back.
    package mutating func settle(_ tell: (String) -> Void = { _ in }) -> String? {
        heal()
        let end = real + 60_000_000_000
        var events = 0
        while real < end, !isAtRest, events < Self.eventsToRest {
            events += 1
            let problem = step()
            if options.isTraced { tell(account) }
            if let problem { return problem }
        }
        sumUp()
        guard isAtRest else {
            return "L3: \(Account.seconds(real + 60_000_000_000 - end)) after all faults were over \(unrest)"
        }
        return service.judge.difference(from: service.table)
    }

    /// Far more than coming to rest takes: beyond it something spins.
    private static let eventsToRest = 200_000

    private var isAtRest: Bool {
        clients.allSatisfy { $0.asked.isEmpty && $0.handles.isEmpty } && service.judge.waiting.isEmpty
            && service.judge.live.allSatisfy { $0.value.isEmpty }
    }

    private var unrest: String {
        let held = service.judge.live.filter { !$0.value.isEmpty }.keys.sorted().map(\.text)
        return "\(service.judge.waiting.count) requests wait, held: \(held.joined(separator: ", ")), "
            + "unanswered: \(clients.reduce(0) { $0 + $1.asked.count })"
    }

    private mutating func sumUp() {
        for client in clients {
            counts.grants += client.counts.grants
            counts.renewals += client.counts.renewals
            counts.losses += client.counts.losses
            counts.retries += client.counts.retries
        }
        counts.overlaps = beliefs.overlaps
    }
}
