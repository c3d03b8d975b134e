import LockCore
import LocksteadTesting

/// A history made by a real `LockTable` in virtual time: every call takes a while to arrive and to be answered, some answers are
/// lost, leases run out, waits end.
///
/// What the table does is right by definition, so the judge must find nothing; with a planted bug it must find that.
struct Simulated {
    private var table: LockTable
    private var draw: SeededGenerator
    private var now: Int64 = 1_000_000_000
    private var lines: [(at: Int64, text: String)] = []
    private var clients: [Client] = []
    private var requests: UInt64 = 0
    private var waiting: [RequestID: Waiting] = [:]
    private var predecessors: [UInt64: UInt64] = [:]
    private let options: Options

    struct Options {
        var prefix = "k"
        var keys = 3
        var clients = 5
        var modes: [LockMode] = [.exclusive]
        var usesSeveralNames = false
        var losesAnswers = true
        var usesTerms = true
        var forces = true
        /// Processes are numbered from here on.
        var firstProcess: UInt64 = 1_000_000
        var hasTokens = true
    }

    private struct Client {
        var session: SessionID
        var process: UInt64
        var lease: Int64
        /// When the session's last renewal reached the engine.
        var heard: Int64
        var generation: UInt64 = 0
        var grants: [GrantRecord] = []
        var isWaiting = false
    }

    private struct Waiting {
        var client: Int
        var process: UInt64
        var line: String
    }

    private static let millisecond: Int64 = 1_000_000

    init(seed: UInt64, options: Options, bug: PlantedBug?) {
        (self.options, draw) = (options, SeededGenerator(seed: seed))
        table = LockTable()
        table.plantedBug = bug
        for number in 0..<options.clients { clients.append(client(number)) }
    }

    /// One with everything, sized for use as noise.
    static func history(seed: UInt64, steps: Int, prefix: String = "k") -> Simulated {
        history(seed: seed, steps: steps, Options(prefix: prefix))
    }

    static func history(seed: UInt64, steps: Int, _ options: Options, bug: PlantedBug? = nil) -> Simulated {
        var simulated = Simulated(seed: seed, options: options, bug: bug)
        for _ in 0..<steps { simulated.step() }
        return simulated
    }

    /// The lines in order of their times.
    var text: String {
        let order = lines.indices.sorted { (lines[$0].at, $0) < (lines[$1].at, $1) }
        return order.map { lines[$0].text + "\n" }.joined()
    }

    private mutating func client(_ number: Int) -> Client {
        let session = SessionID(high: 1, low: UInt64(number) + 1)
        // Each lease is a session's (RULES 15), and what is granted ends when the session does.
        let lease = Int64.random(in: 50...400, using: &draw) * Self.millisecond
        _ = apply(.openSession(.init(session: session, timeToLive: TimeSpan(nanoseconds: lease))))
        return Client(
            session: session, process: options.firstProcess + UInt64(number) * 100_000, lease: lease, heard: now)
    }
}

// MARK: Steps

extension Simulated {
    /// Lets time pass, ends what is due, and has one client do something.
    mutating func step() {
        now += Int64.random(in: 1...20, using: &draw) * Self.millisecond / 2
        expire()
        _ = apply(.advance)
        let number = Int.random(in: 0..<clients.count, using: &draw)
        let grant = clients[number].grants.randomElement(using: &draw)
        switch Int.random(in: 0..<100, using: &draw) {
        case 0..<40: acquire(number)
        case 40..<65: if let grant { release(number, grant) }
        case 65..<85: renew(number)
        case 85..<89: if let grant, grant.mode == .exclusive { downgrade(number, grant) }
        case 89..<92: if options.forces { force(grant) }
        case 92..<95: if let grant { releaseWrongly(number, grant) }
        default: break
        }
    }

    /// Sessions that nobody renewed for their whole lease end; the generation says that nobody did meanwhile.
    private mutating func expire() {
        for number in clients.indices where clients[number].heard + clients[number].lease <= now {
            let client = clients[number]
            guard !client.grants.isEmpty || client.isWaiting else {
                clients[number].heard = now
                continue
            }
            _ = apply(.expire(client.session, generation: client.generation))
            clients[number].grants = []
            clients[number].isWaiting = false
            for (request, waiter) in waiting where waiter.client == number {
                waiting[request] = nil
                answer("info", waiter, at: now, ["reason": "\"session lost\""])
                retire(number)
            }
            _ = apply(.openSession(.init(session: client.session, timeToLive: TimeSpan(nanoseconds: client.lease))))
            (clients[number].heard, clients[number].generation) = (now, 0)
        }
    }

    private mutating func acquire(_ number: Int) {
        guard !clients[number].isWaiting else { return }
        // A waiting client renews as well: its session lives from here on.
        renew(number)
        let client = clients[number]
        let (mode, names) = (options.modes.randomElement(using: &draw) ?? .exclusive, names())
        requests += 1
        var command = Command.Acquire(
            session: client.session, request: RequestID(high: 3, low: requests),
            owner: OwnerID(high: 2, low: client.process), names: names, mode: mode)
        let patience = Int64.random(in: 0...600, using: &draw) * Self.millisecond
        command.waitUntil = patience == 0 ? nil : LogTime(nanoseconds: now + patience)
        var fields = self.fields(of: command, lease: client.lease)
        fields["wait_ms"] = "\(patience / Self.millisecond)"
        if options.usesTerms { addTerms(&command, &fields) }
        let waiter = Waiting(client: number, process: client.process, line: "\(command.request)")
        invoke("acquire", client.process, "\(command.request)", before: now, fields)
        waiting[command.request] = waiter
        clients[number].isWaiting = true
        switch apply(.acquire(command)) {
        case .granted(let grant): granted(grant, waiter)
        case .queued: queued(waiter)
        case .busy, .refused: ended(command.request, waiter, "fail", "busy")
        default: break
        }
    }

    private mutating func addTerms(_ command: inout Command.Acquire, _ fields: inout [String: String]) {
        if draw.chance(0.15) {
            command.lockDelay = .milliseconds(40)
            fields["delay_ms"] = "40"
        }
        if draw.chance(0.1) {
            command.minimumHold = .milliseconds(30)
            fields["min_ms"] = "30"
        }
        if draw.chance(0.1) {
            command.maximumHold = .milliseconds(70)
            fields["max_ms"] = "70"
        }
        if draw.chance(0.2) {
            command.fairness = .barging
            fields["fair"] = "false"
        }
    }

    private mutating func release(_ number: Int, _ grant: GrantRecord) {
        let answer = operate("release", number, grant) {
            $0.apply(.release(.init(session: grant.session, names: grant.names, token: grant.token)))
        }
        if answer != nil { clients[number].grants.removeAll { $0.token == grant.token } }
    }

    /// A session is renewed with all its grants, as clients do.
    private mutating func renew(_ number: Int) {
        renewSession(number)
        for grant in clients[number].grants {
            _ = operate("renew", number, grant) { simulated in
                let isHeld = grant.names.allSatisfy { simulated.apply(.validate($0, grant.token)) == .valid(true) }
                return isHeld ? .done : .notHeld
            }
        }
    }

    private mutating func downgrade(_ number: Int, _ grant: GrantRecord) {
        let answer = operate("downgrade", number, grant) {
            $0.apply(.downgrade(.init(session: grant.session, names: grant.names, token: grant.token)))
        }
        if case .downgraded(let shared)? = answer,
            let place = clients[number].grants.firstIndex(where: { $0.token == grant.token })
        {
            clients[number].grants[place] = shared
        }
    }

    private mutating func force(_ grant: GrantRecord?) {
        guard let name = grant?.names.randomElement(using: &draw) else { return }
        let isNow = draw.chance(0.3)
        let request = freshRequest()
        invoke(
            "force_release", options.firstProcess - 1, request, before: now,
            ["key": "\"\(name)\"", "now": "\(isNow)"])
        _ = apply(.forceRelease(.init(name: name, reason: "test", now: isNow)))
        line("ok", options.firstProcess - 1, request, at: now + 1_000, [:])
    }

    /// Someone else tries to release the grant, which the table refuses.
    private mutating func releaseWrongly(_ number: Int, _ grant: GrantRecord) {
        let other = (number + 1) % clients.count
        _ = operate("release", other, grant) { simulated in
            simulated.apply(
                .release(.init(session: simulated.clients[other].session, names: grant.names, token: grant.token)))
        }
    }

    /// Carries out an operation on a grant, whose answer may get lost: then nobody knows.
    private mutating func operate(
        _ operation: String, _ number: Int, _ grant: GrantRecord, _ body: (inout Simulated) -> Answer
    ) -> Answer? {
        let (process, request) = (clients[number].process, freshRequest())
        var fields = ["of": "\"\(grant.request)\"", "ttl_ms": "\(clients[number].lease / Self.millisecond)"]
        if options.hasTokens { fields["token"] = "\(grant.token)" }
        fields.merge(keys(grant.names)) { $1 }
        invoke(operation, process, request, before: now, fields)
        let answer = body(&self)
        let isLost = options.losesAnswers && draw.chance(0.05)
        let end = now + Int64.random(in: 0...3, using: &draw) * Self.millisecond
        if isLost {
            line("info", process, request, at: end, ["reason": "\"no answer\""])
            retire(number)
            return nil
        }
        switch answer {
        case .released, .done, .downgraded: line("ok", process, request, at: end, [:])
        case .notHeld: line("fail", process, request, at: end, ["reason": "\"lost: not held\""])
        default: line("fail", process, request, at: end, ["reason": "\"refused\""])
        }
        return answer
    }

    private mutating func renewSession(_ number: Int) {
        guard case .session(let generation) = apply(.renew(clients[number].session)) else { return }
        (clients[number].generation, clients[number].heard) = (generation, now)
    }
}

// MARK: What the table does

extension Simulated {
    private mutating func apply(_ command: Command) -> Answer {
        var effects: [Effect] = []
        let answer = table.apply(command, at: LogTime(nanoseconds: now), effects: &effects)
        for effect in effects {
            switch effect {
            case .granted(let grant): if let waiter = waiting[grant.request] { granted(grant, waiter) }
            case .waitEnded(let event, let end):
                if end != .sessionLost, let waiter = waiting[event.request] {
                    ended(event.request, waiter, "fail", "busy")
                }
            default: break
            }
        }
        return answer
    }

    private mutating func granted(_ grant: GrantRecord, _ waiter: Waiting) {
        guard waiting.removeValue(forKey: grant.request) != nil else { return }
        clients[waiter.client].isWaiting = false
        clients[waiter.client].grants.append(grant)
        answer("ok", waiter, at: later(), options.hasTokens ? ["token": "\(grant.token)"] : [:])
    }

    private mutating func ended(_ request: RequestID, _ waiter: Waiting, _ outcome: String, _ reason: String) {
        guard waiting.removeValue(forKey: request) != nil else { return }
        clients[waiter.client].isWaiting = false
        answer(outcome, waiter, at: later(), ["reason": "\"\(reason)\""])
    }

    private mutating func queued(_ waiter: Waiting) {
        guard waiting.values.contains(where: { $0.line == waiter.line }) else { return }
        line("queued", waiter.process, waiter.line, at: now, [:])
    }

    private mutating func later() -> Int64 { now + Int64.random(in: 0...2_000_000, using: &draw) }
}

// MARK: Lines

extension Simulated {
    private mutating func names() -> [LockName] {
        let count = options.usesSeveralNames && draw.chance(0.3) ? 2 : 1
        let numbers = (0..<options.keys).shuffled(using: &draw).prefix(count)
        return numbers.sorted().compactMap { try? LockName("\(options.prefix)\($0)") }  // All of them are names.
    }

    private func keys(_ names: [LockName]) -> [String: String] {
        names.count == 1 ? ["key": "\"\(names[0])\""] : ["keys": "\(names.map(\.text))"]
    }

    private func fields(of command: Command.Acquire, lease: Int64) -> [String: String] {
        var fields = keys(command.names)
        fields["ttl_ms"] = "\(lease / Self.millisecond)"
        switch command.mode {
        case .exclusive: fields["mode"] = "\"x\""
        case .shared: fields["mode"] = "\"s\""
        case .permits(let count, let limit):
            fields.merge(["mode": "\"p\"", "n": "\(count)", "limit": "\(limit)"]) { $1 }
        }
        return fields
    }

    private mutating func freshRequest() -> String {
        requests += 1
        return "\(RequestID(high: 4, low: requests))"
    }

    /// A process whose outcome is unknown goes on as another.
    private mutating func retire(_ number: Int) {
        predecessors[clients[number].process + 1] = clients[number].process
        clients[number].process += 1
    }

    private mutating func invoke(
        _ operation: String, _ process: UInt64, _ request: String, before: Int64, _ fields: [String: String]
    ) {
        var all = fields
        all["op"] = "\"\(operation)\""
        if let former = predecessors[process] { all["was"] = "\(former)" }
        // Sent a little before it counts.
        line("invoke", process, request, at: before - 200_000, all)
    }

    private mutating func answer(_ event: String, _ waiter: Waiting, at: Int64, _ fields: [String: String]) {
        line(event, waiter.process, waiter.line, at: at, fields)
    }

    private mutating func line(
        _ event: String, _ process: UInt64, _ request: String, at: Int64, _ fields: [String: String]
    ) {
        let rest = fields.sorted { $0.key < $1.key }.map { ",\"\($0.key)\":\($0.value)" }.joined()
        lines.append((at, "{\"e\":\"\(event)\",\"ts\":\(at),\"p\":\(process),\"req\":\"\(request)\"\(rest)}"))
    }
}
