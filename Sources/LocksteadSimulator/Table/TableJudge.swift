import LockCore

/// Judges what a table did by its answers and effects alone: it keeps its own books and shares no rule with the table.
struct TableJudge {
    private(set) var highestToken: [LockName: UInt64] = [:]
    /// Live grants as the effects tell them.
    private(set) var live: [LockName: [GrantRecord]] = [:]
    private(set) var revoked: Set<Part> = []

    /// One name of one grant.
    struct Part: Hashable {
        var name: LockName
        var token: FencingToken
    }

    /// What each request asked for, so that its grant can be judged.
    private var asked: [RequestID: Command.Acquire] = [:]
    /// Waiting requests in order of arrival.
    private(set) var waiting: [Command.Acquire] = []
    /// Until when the lock-delay or minimum hold of an exclusive grant keeps a name closed.
    private var closedUntil: [LockName: LogTime] = [:]
    /// No step of this walk uses priorities, so arrival order must be kept to the letter.
    let judgesOrder: Bool

    init(judgesOrder: Bool) { self.judgesOrder = judgesOrder }

    /// The first thing that was wrong with this step, in words.
    mutating func judge(_ command: Command, _ answer: Answer, _ effects: [Effect], _ table: LockTable) -> String? {
        if case .acquire(let request) = command, !isWaiting(request.request) { asked[request.request] = request }
        if case .handOver(let request) = command {
            asked[request.to.request] = request.to
            // Passes barging waiters as a barging request may.
            asked[request.to.request]?.fairness = .barging
        }
        if case .forceRelease(let force) = command, force.now { closedUntil[force.name] = nil }
        for effect in effects {
            if let problem = judge(effect, command, table) { return problem }
        }
        if case .acquire(let request) = command, answer == .queued { noteReissue(request) }
        return judgeAnswer(command, answer, effects, table)
    }

    /// What was asked for under this id.
    func request(_ id: RequestID) -> Command.Acquire? { asked[id] }

    private func isWaiting(_ request: RequestID) -> Bool { waiting.contains { $0.request == request } }

    /// A request issued again keeps its terms and its place; only a later deadline counts.
    private mutating func noteReissue(_ request: Command.Acquire) {
        guard let place = waiting.firstIndex(where: { $0.request == request.request }),
            let deadline = request.waitUntil, deadline > waiting[place].waitUntil ?? .zero
        else { return }
        waiting[place].waitUntil = deadline
        asked[request.request]?.waitUntil = deadline
    }

    private mutating func judge(_ effect: Effect, _ command: Command, _ table: LockTable) -> String? {
        switch effect {
        case .granted(let grant): return judgeGrant(grant, table)
        case .downgraded(let grant):
            for name in grant.names {
                guard let place = live[name]?.firstIndex(where: { $0.token == grant.token }) else {
                    return "nobody's grant was downgraded"
                }
                live[name]?[place].mode = .shared
            }
        case .released(let event):
            return judgeEnd(
                event, at: table.logTime, delayed: revoked.contains(Part(name: event.name, token: event.token)), table)
        case .expired(let event, _): return judgeEnd(event, at: table.logTime, delayed: true, table)
        case .revoked(let event, _):
            revoked.insert(Part(name: event.name, token: event.token))
            if case .forceRelease(let force) = command, force.now { forget(event) }
        case .queued(let event):
            if let request = asked[event.request] { waiting.append(request) }
        case .waitEnded(let event, let end):
            guard let place = waiting.firstIndex(where: { $0.request == event.request }) else {
                return "a wait ended twice"
            }
            let request = waiting.remove(at: place)
            if end == .timedOut, request.waitUntil.map({ $0 > table.logTime }) ?? true {
                return "a wait ended too early"
            }
            // It was over before it was issued again: the command is a new request.
            if case .acquire(let again) = command, again.request == event.request { asked[event.request] = again }
        case .deadlockFound, .sessionLost: break
        }
        return nil
    }

    private mutating func judgeGrant(_ grant: GrantRecord, _ table: LockTable) -> String? {
        guard let request = asked[grant.request] else { return "a grant for a request nobody made" }
        let place = waiting.firstIndex { $0.request == grant.request }
        if place != nil, let deadline = request.waitUntil, deadline <= table.logTime {
            return "R3: a grant after the deadline"
        }
        for name in grant.names {
            if grant.token.rawValue <= highestToken[name] ?? 0 { return "S2: the token of \(name) did not rise" }
            highestToken[name] = grant.token.rawValue
            if let problem = exclusionProblem(name, grant) { return problem }
            if let until = closedUntil[name], table.logTime < until {
                return "S10: \(name) was granted while it was closed"
            }
            if judgesOrder, let problem = orderProblem(name, request, place) { return problem }
            live[name, default: []].append(grant)
        }
        if let place { waiting.remove(at: place) }
        return nil
    }

    private func exclusionProblem(_ name: LockName, _ grant: GrantRecord) -> String? {
        let others = live[name, default: []]
        switch grant.mode {
        case .exclusive: return others.isEmpty ? nil : "S1: \(name) was granted exclusively beside another grant"
        case .shared:
            return others.contains { $0.mode == .exclusive } ? "S1: \(name) was shared beside an exclusive grant" : nil
        case .permits(let count, let limit):
            let used = others.reduce(0) { sum, other in
                if case .permits(let count, _) = other.mode { sum + count } else { sum + limit }
            }
            return used + count > limit ? "S1: \(used + count) of \(limit) permits of \(name) are out" : nil
        }
    }

    /// S9, RULES 14: nobody passes a conflicting earlier waiter, but barging passes barging.
    private func orderProblem(_ name: LockName, _ request: Command.Acquire, _ place: Int?) -> String? {
        let earlier = waiting.prefix(place ?? waiting.count).filter { $0.names.contains(name) }
        let passed = earlier.first { other in
            let conflicts = !(other.mode == .shared && request.mode == .shared)
            let mayBarge = place == nil && request.fairness == .barging && other.fairness == .barging
            return conflicts && !mayBarge
        }
        return passed == nil ? nil : "S9: a request for \(name) passed an earlier one"
    }

    private mutating func judgeEnd(_ event: HolderEvent, at now: LogTime, delayed: Bool, _ table: LockTable) -> String?
    {
        guard let grant = live[event.name]?.first(where: { $0.token == event.token }) else {
            return "a grant ended that nobody had"
        }
        forget(event)
        guard let request = asked[grant.request] else { return nil }
        let minimumEnd = grant.grantedAt + request.minimumHold
        let until = max(delayed ? now + request.lockDelay : now, minimumEnd)
        if event.mode == .exclusive, until > now {
            closedUntil[event.name] = max(closedUntil[event.name] ?? .zero, until)
        }
        let stays = table.view(of: event.name)?.holders.contains { $0.token == event.token } ?? false
        if stays, until <= now { return "S10: \(event.name) stays closed after a clean release" }
        return nil
    }

    private mutating func forget(_ event: HolderEvent) {
        live[event.name]?.removeAll { $0.token == event.token }
    }

    private mutating func judgeAnswer(_ command: Command, _ answer: Answer, _ effects: [Effect], _ table: LockTable)
        -> String?
    {
        switch (command, answer) {
        case (.validate(let name, let token), .valid(let valid)):
            let expected = live[name]?.contains { $0.token == token } ?? false
            if valid != (expected && !revoked.contains(Part(name: name, token: token))) {
                return "a token of \(name) was validated wrongly"
            }
        case (.release(let release), .released):
            if !effects.contains(where: { if case .released = $0 { true } else { false } }) {
                return isCountedDown(release)
            }
        default: break
        }
        return nil
    }

    private func isCountedDown(_ release: Command.Release) -> String? {
        let held = release.names.allSatisfy { name in live[name]?.contains { $0.token == release.token } ?? false }
        return held ? nil : "S7: a release was confirmed that freed nothing"
    }

    /// The one live grant which covers exactly these names for this owner, unless it was revoked.
    func ownGrant(_ request: Command.Acquire) -> GrantRecord? {
        let names = request.names.sorted()
        let tokens = Set(names.flatMap { live[$0, default: []] }.filter { $0.owner == request.owner }.map(\.token))
        guard tokens.count == 1 else { return nil }
        return names.first.flatMap { live[$0] }?.first {
            $0.owner == request.owner && $0.session == request.session && $0.names == names
                && !isRevoked($0)
        }
    }

    func isRevoked(_ grant: GrantRecord) -> Bool {
        grant.names.contains { revoked.contains(Part(name: $0, token: grant.token)) }
    }
}

extension TableJudge {
    /// Holders and locks, both ways: where the table shows others to hold or to wait than the effects told.
    func difference(from table: LockTable) -> String? {
        let shown = table.list(prefix: "", limit: .max)
        for lock in shown {
            let held = Set(lock.holders.filter { $0.phase.isLive }.map(\.token))
            guard held == Set(live[lock.name, default: []].map(\.token)) else {
                return "holders of \(lock.name) differ from what the effects told"
            }
            guard lock.waiterCount == waiting.count(where: { $0.names.contains(lock.name) }) else {
                return "waiters of \(lock.name) differ from what the effects told"
            }
        }
        let names = Set(shown.map(\.name))
        if live.contains(where: { !$0.value.isEmpty && !names.contains($0.key) }) { return "a held lock is not listed" }
        return waiting.allSatisfy { $0.names.allSatisfy(names.contains) } ? nil : "an awaited lock is not listed"
    }
}

extension HolderPhase {
    /// Whether an owner stands behind the entry.
    fileprivate var isLive: Bool {
        switch self {
        case .held, .revoked: true
        case .lockDelay, .minimumHold: false
        }
    }
}
