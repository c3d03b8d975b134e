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
    /// Sequences that were seen: a copy of one of these changes nothing.
    private var issued: Set<Issue> = []

    private struct Issue: Hashable {
        var session: SessionID
        var sequence: UInt64
    }

    /// Waiting requests in order of arrival.
    private(set) var waiting: [Command.Acquire] = []
    /// What lock-delays and minimum holds leave behind: as if a grant of that mode were held until then.
    private var closures: [LockName: [(until: LogTime, mode: LockMode)]] = [:]
    /// Nothing is granted before (RULES 11).
    private var recoveringUntil = LogTime.zero
    /// The name that this very command opens at once, delays included.
    private var waived: LockName?
    /// No step of this walk uses priorities, so arrival order must be kept to the letter.
    let judgesOrder: Bool
    private var registers = RegisterJudge()

    init(judgesOrder: Bool) { self.judgesOrder = judgesOrder }

    /// The first thing that was wrong with this step, in words.
    mutating func judge(_ command: Command, _ answer: Answer, _ effects: [Effect], _ table: LockTable) -> String? {
        if case .acquire(let request) = command, !isWaiting(request.request) { asked[request.request] = request }
        if case .handOver(let request) = command {
            asked[request.to.request] = request.to
            // Passes barging waiters as a barging request may.
            asked[request.to.request]?.fairness = .barging
        }
        waived = if case .forceRelease(let force) = command, force.now { force.name } else { nil }
        for effect in effects {
            if let problem = judge(effect, command, table) { return problem }
        }
        let isCopy = isCopy(command)
        if case .acquire(let request) = command, !isCopy, answer == .queued { noteReissue(request) }
        if case .configure(.recover(let until)) = command { recoveringUntil = until }
        if let waived { closures[waived] = nil }
        forgetClosures(before: table.logTime)
        let problem = registers.judge(command, answer, effects, table, isLive: isUnderLiveGrant(command))
        if let problem { return problem }
        if !isCopy, let problem = judgeAnswer(command, answer, effects, table) { return problem }
        return headProblem(at: table.logTime)
    }

    private func isUnderLiveGrant(_ command: Command) -> Bool {
        guard case .store(let store) = command else { return false }
        return live[store.name, default: []].contains { $0.token == store.token && !isRevoked($0) }
    }

    /// What was asked for under this id.
    func request(_ id: RequestID) -> Command.Acquire? { asked[id] }

    private func isWaiting(_ request: RequestID) -> Bool { waiting.contains { $0.request == request } }

    private mutating func isCopy(_ command: Command) -> Bool {
        let dedup: Dedup? =
            switch command {
            case .acquire(let acquire): acquire.dedup
            case .release(let release), .downgrade(let release): release.dedup
            default: nil
            }
        guard let dedup else { return false }
        return !issued.insert(Issue(session: command.session, sequence: dedup.sequence)).inserted
    }

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
        case .deadlockFound, .sessionLost, .registerChanged: break
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
            if name != waived, !isOpen(name, to: grant.mode, at: table.logTime) {
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
        for earlier in waiting.indices.prefix(place ?? waiting.count) where waiting[earlier].names.contains(name) {
            let conflicts = waiting[earlier].mode != .shared || request.mode != .shared
            let mayBarge = place == nil && request.fairness == .barging && waiting[earlier].fairness == .barging
            if conflicts, !mayBarge { return "S9: a request for \(name) passed an earlier one" }
        }
        return nil
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
        if until > now { closures[event.name, default: []].append((until, event.mode)) }
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

    /// Whether all of a grant is held.
    func holds(_ grant: GrantRecord) -> Bool {
        grant.names.allSatisfy { live[$0]?.contains { $0.token == grant.token } ?? false }
    }

    func isRevoked(_ grant: GrantRecord) -> Bool {
        grant.names.contains { revoked.contains(Part(name: $0, token: grant.token)) }
    }
}

/// The queue-head rule (RULES 34): whoever waits is blocked by a holder, a lock-delay, a minimum hold, the grace after a recovery, an
/// earlier waiter, or one of these at another of its names.
extension TableJudge {
    private mutating func forgetClosures(before now: LogTime) {
        guard !closures.isEmpty else { return }
        for name in Array(closures.keys) {
            closures[name]?.removeAll { $0.until <= now }
            if closures[name]?.isEmpty ?? false { closures[name] = nil }
        }
    }

    /// Whether what is over leaves the name open to such a grant.
    private func isOpen(_ name: LockName, to mode: LockMode, at now: LogTime) -> Bool {
        guard let left = closures[name] else { return true }
        var room = Room()
        for closure in left where closure.until > now { room.take(closure.mode) }
        return room.admits(mode)
    }

    private func headProblem(at now: LogTime) -> String? {
        guard !waiting.isEmpty, recoveringUntil <= now else { return nil }
        // A handful of names: looking through them is quicker than hashing.
        var queues: [Queue] = []
        for place in waiting.indices {
            var isBlocked = false
            let mode = waiting[place].mode
            for name in waiting[place].names {
                let index = queues.firstIndex { $0.name == name } ?? queues.count
                if index == queues.count { queues.append(Queue(name: name, room: room(in: name))) }
                isBlocked = queues[index].blocks(mode, keepsOrder: judgesOrder) || isBlocked
                queues[index].isAwaited = true
                if mode != .shared { queues[index].isAwaitedAlone = true }
            }
            if !isBlocked { return "L3: request \(waiting[place].request.low) waits, blocked by nothing" }
        }
        return nil
    }

    private func room(in name: LockName) -> Room {
        var room = Room()
        for grant in live[name] ?? [] { room.take(grant.mode) }
        if !closures.isEmpty { for closure in closures[name] ?? [] { room.take(closure.mode) } }
        return room
    }

    /// What those who hold a name leave to others.
    private struct Room {
        var isTaken = false
        var isTakenAlone = false
        var permits = 0

        mutating func take(_ mode: LockMode) {
            isTaken = true
            switch mode {
            case .exclusive: isTakenAlone = true
            case .shared: break
            case .permits(let count, _): permits += count
            }
        }

        func admits(_ mode: LockMode) -> Bool {
            switch mode {
            case .exclusive: !isTaken
            case .shared: !isTakenAlone
            case .permits(let count, let limit): permits + count <= limit
            }
        }
    }

    /// Who holds a name and who waits for it, as far as it was looked at.
    private struct Queue {
        let name: LockName
        let room: Room
        var isAwaited = false
        /// Someone waits whom no one may pass.
        var isAwaitedAlone = false

        func blocks(_ mode: LockMode, keepsOrder: Bool) -> Bool {
            if !room.admits(mode) { return true }
            // With priorities a later request may come first: then anyone who waits may be the one to wait for.
            guard keepsOrder else { return true }
            return mode == .shared ? isAwaitedAlone : isAwaited
        }
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
