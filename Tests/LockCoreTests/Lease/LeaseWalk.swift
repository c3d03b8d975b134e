import SeededRandom

@testable import LockCore

/// One lock, one engine and two clients in real time: the engine's clock runs fast, the clients' slow, messages are
/// delayed, lost and repeated, and clients pause.
///
/// Finds moments at which both clients believe to hold the lock (S5).
struct LeaseWalk {
    private enum Message {
        /// `renews` is nil for an acquire. A repeated message has the same number.
        case request(client: Int, number: Int, renews: Int?)
        case answer(client: Int, number: Int, grant: Int?)
    }

    private struct Client {
        var belief: LeaseBelief?
        var grant: Int?
        /// The request under way: number, first and last transmission by the client's clock.
        var pending: (number: Int, first: ContinuousTime, last: ContinuousTime)?
        var pausedUntil: Int64 = 0
    }

    let lease: TimeSpan
    let defect: BeliefDefect
    private var generator: SeededGenerator
    private var real: Int64 = 0
    private var clients = [Client(), Client()]
    private var post: [(due: Int64, message: Message)] = []
    /// The engine: who holds which grant until when by its clock, and what it answered to which request.
    private var holder: (client: Int, grant: Int, until: Int64)?
    private var answered: [Int: Int?] = [:]
    private var nextNumber = 0
    private(set) var overlaps = 0
    private(set) var grants = 0
    private(set) var renewals = 0

    init(seed: UInt64, defect: BeliefDefect) {
        generator = SeededGenerator(seed: seed)
        lease = [.seconds(2), .seconds(30)].randomElement(using: &generator) ?? .seconds(5)
        self.defect = defect
    }

    /// ρ against the client: its clock is slow, the engine's is fast.
    private var clientNow: ContinuousTime { ContinuousTime(nanoseconds: real / 100 * 99) }
    private var engineNow: Int64 { real / 100 * 101 }

    mutating func run(steps: Int) {
        for _ in 0..<steps { step() }
    }

    private mutating func step() {
        real += Int64.random(in: 0...(lease.nanoseconds / 400), using: &generator) / 100 * 100
        deliverWhatIsDue()
        for index in clients.indices where clients[index].pausedUntil <= real { act(index) }
        let now = clientNow
        let believers = clients.count { $0.belief?.isHeld(at: now) ?? false }
        if believers > 1 { overlaps += 1 }
    }

    private mutating func act(_ index: Int) {
        let now = clientNow
        if Int.random(in: 0..<400, using: &generator) == 0 {
            clients[index].pausedUntil = real + Int64.random(in: 0...(2 * lease.nanoseconds), using: &generator)
            return
        }
        if clients[index].belief?.machine.state(at: now).isLost ?? false { clients[index].belief = nil }
        if let pending = clients[index].pending {
            if Int.random(in: 0..<4, using: &generator) == 0 { retransmit(index, pending.number) }
            if Int.random(in: 0..<40, using: &generator) == 0, clients[index].belief == nil {
                clients[index].pending = nil
            }
        } else if clients[index].belief == nil {
            send(index, renews: nil)
        } else if clients[index].belief?.wake(at: now) ?? false {
            send(index, renews: clients[index].grant)
        }
    }

    private mutating func send(_ index: Int, renews: Int?) {
        nextNumber += 1
        clients[index].pending = (nextNumber, clientNow, clientNow)
        post(.request(client: index, number: nextNumber, renews: renews))
    }

    private mutating func retransmit(_ index: Int, _ number: Int) {
        let now = clientNow
        clients[index].pending?.last = now
        clients[index].belief?.retransmit(at: now)
        let renews = clients[index].belief == nil ? nil : clients[index].grant
        post(.request(client: index, number: number, renews: renews))
    }

    private mutating func post(_ message: Message) {
        guard Int.random(in: 0..<10, using: &generator) > 1 else { return }
        // Mostly quick: what a wrong count gains is a hundredth of the lease, and only a quick rival comes that close.
        let longest = Int.random(in: 0..<4, using: &generator) == 0 ? lease.nanoseconds / 4 : lease.nanoseconds / 5_000
        let delay = Int64.random(in: 0...longest, using: &generator)
        post.append((real + delay, message))
    }

    private mutating func deliverWhatIsDue() {
        let due = post.filter { $0.due <= real }
        post.removeAll { $0.due <= real }
        for (_, message) in due {
            switch message {
            case .request(let client, let number, let renews): serve(client, number, renews)
            case .answer(let client, let number, let grant):
                // A paused client reads its post when it runs again.
                if clients[client].pausedUntil > real {
                    post.append((clients[client].pausedUntil, message))
                } else {
                    read(client, number, grant)
                }
            }
        }
    }

    /// A request that was answered before is answered alike and arms nothing.
    private mutating func serve(_ client: Int, _ number: Int, _ renews: Int?) {
        if let known = answered[number] { return post(.answer(client: client, number: number, grant: known)) }
        if let current = holder, current.until <= engineNow { holder = nil }
        var grant: Int?
        if let renews {
            if holder?.grant == renews { grant = renews }
        } else if holder == nil {
            grants += 1
            grant = grants
        }
        if let grant { holder = (client, grant, engineNow + lease.nanoseconds) }
        answered[number] = .some(grant)
        post(.answer(client: client, number: number, grant: grant))
    }

    private mutating func read(_ index: Int, _ number: Int, _ grant: Int?) {
        guard let pending = clients[index].pending, pending.number == number else { return }
        clients[index].pending = nil
        let now = clientNow
        if clients[index].belief != nil {
            if grant == nil {
                clients[index].belief = nil
            } else {
                renewals += 1
                clients[index].belief?.confirm(
                    firstSent: pending.first, lastSent: pending.last, lease: lease, at: now)
            }
        } else if let grant {
            clients[index].grant = grant
            clients[index].belief = LeaseBelief(
                defect, firstSent: pending.first, lastSent: pending.last, lease: lease, now: now)
        }
    }
}
