/// Tier 1: tokens say in which order grants were made, so one pass over them, each as early as it can be, decides.
///
/// All bounds are lower bounds on when something can have happened, taken from transmissions, and each grant takes the earliest
/// point that they leave. If even that lies after its answer, no other choice would have helped.
struct TokenJudge {
    let history: History
    let rules: JudgeRules
    let key: Int32
    /// The key's operations, in order of their lines.
    let operations: [Int32]
    var lives: [GrantLife] = []
    var forced = ForcedReleases([])
    var forcedNow = ForcedReleases([])
    /// Failures that say that a grant was gone.
    var losses: [(life: Int, operation: Int32)] = []
    var findings: [Finding] = []
    /// The first transmissions of acquires whose outcome is not known.
    var openRequests: [RequestKey: Int64] = [:]
    /// The earliest of them.
    var earliestOpen = Int64.max
    /// Who sent them.
    var openOwners: Set<Int32> = []
    /// Grants by request, made when first needed.
    var placesOfRequests: [RequestKey: Int]?
    /// When requests were first withdrawn.
    var withdrawn: [RequestKey: Int64] = [:]
    /// Whether requests for several names stand in the queue: their heads block for reasons that lie elsewhere.
    var hasSeveralNames = false
    /// When each owner's process died, for those that did.
    let deaths: [Int32: Int64]
    /// Whether grants are ordered, and found, by their tokens.
    let usesTokens: Bool

    init(
        _ history: History, _ rules: JudgeRules, _ key: Int32, _ operations: [Int32], deaths: [Int32: Int64],
        usesTokens: Bool
    ) {
        (self.history, self.rules, self.key, self.operations) = (history, rules, key, operations)
        (self.deaths, self.usesTokens) = (deaths, usesTokens)
    }

    /// Judges the key.
    mutating func judge() -> [Finding] {
        collectGrants()
        findDuplicates()
        collectForced()
        for index in operations { relate(index) }
        settleEndings()
        order()
        judgeLosses()
        judgeQueue()
        return findings
    }

    func operation(_ index: Int32) -> History.Operation { history.operations[Int(index)] }
    func terms(_ life: GrantLife) -> History.Terms { history.terms[Int(operation(life.operation).terms)] }

    mutating func find(_ kind: Violation.Kind, _ message: String, _ involved: [Int32]) {
        findings.append(Finding(kind: kind, key: key, message: message, operations: involved))
    }
}

/// A violation before it is put into the words of a report.
struct Finding {
    var kind: Violation.Kind
    var key: Int32
    var message: String
    var operations: [Int32]
    var lines: [UInt32] = []
}

// MARK: Grants

extension TokenJudge {
    mutating func collectGrants() {
        for index in operations {
            let each = operation(index)
            guard each.kind == .acquire || each.kind == .handOver else { continue }
            if each.keyList >= 0 { hasSeveralNames = true }
            if each.outcome == .unknown {
                openRequests[each.grant] = min(each.invoked, openRequests[each.grant] ?? .max)
                earliestOpen = min(earliestOpen, each.invoked)
                openOwners.insert(history.owner(of: each.process))
            }
            guard each.outcome == .ok, each.token > 0 || !usesTokens else { continue }
            lives.append(life(of: each, index))
        }
        if !openRequests.isEmpty { countFromFirstTransmission() }
        guard usesTokens else { return }
        let isOrdered = zip(lives, lives.dropFirst()).allSatisfy { $0.token <= $1.token }
        if !isOrdered { lives.sort { ($0.token, $0.operation) < ($1.token, $1.operation) } }
    }

    private func life(of operation: History.Operation, _ index: Int32) -> GrantLife {
        let lease = history.terms[Int(operation.terms)].lease
        return GrantLife(
            operation: index, token: operation.token, owner: history.owner(of: operation.process),
            invoked: operation.invoked, answered: operation.answered, queued: operation.queued,
            provenAlive: operation.invoked, leaseEnd: operation.armed.adding(rules.least(lease)), leaseBy: index,
            latestLeaseEnd: operation.answered.adding(rules.most(lease)))
    }

    /// A request that is sent again after its answer was lost is the same request.
    private mutating func countFromFirstTransmission() {
        for place in lives.indices {
            let index = lives[place].operation
            guard let first = openRequests[operation(index).grant], first < lives[place].invoked else { continue }
            let lease = history.terms[Int(operation(index).terms)].lease
            lives[place].invoked = first
            lives[place].provenAlive = first
            lives[place].leaseEnd = min(first, operation(index).armed).adding(rules.least(lease))
        }
    }

    /// One token for two grants is a violation; two answers to one request are one grant.
    private mutating func findDuplicates() {
        guard zip(lives, lives.dropFirst()).contains(where: { $0.token == $1.token }) else { return }
        var merged: [GrantLife] = []
        for life in lives {
            guard let last = merged.last, last.token == life.token else {
                merged.append(life)
                continue
            }
            let (one, two) = (operation(last.operation), operation(life.operation))
            if one.grant != two.grant || last.owner != life.owner {
                find(
                    .duplicateToken,
                    "Token \(life.token) was given out twice: \(name(last.owner)) and \(name(life.owner)) got it.",
                    [last.operation, life.operation])
                merged.append(life)
                continue
            }
            merged[merged.count - 1].invoked = min(last.invoked, life.invoked)
            merged[merged.count - 1].provenAlive = merged[merged.count - 1].invoked
            merged[merged.count - 1].answered = min(last.answered, life.answered)
            merged[merged.count - 1].leaseEnd = min(last.leaseEnd, life.leaseEnd)
            merged[merged.count - 1].latestLeaseEnd = max(last.latestLeaseEnd, life.latestLeaseEnd)
            merged[merged.count - 1].queued = min(last.queued, life.queued)
        }
        lives = merged
    }

    mutating func collectForced() {
        let few = operations.filter { history.operations[Int($0)].kind == .forceRelease }
        let all = few.map { operation($0) }.filter { $0.outcome != .failed }
        guard !all.isEmpty else { return }
        forced = ForcedReleases(all)
        forcedNow = ForcedReleases(all.filter(\.isNow))
    }

    func name(_ process: Int32) -> String { "process \(history.number(of: process))" }

    /// The grant of a request, or -1.
    mutating func place(ofRequest request: RequestKey) -> Int {
        let places =
            placesOfRequests
            ?? Dictionary(lives.enumerated().map { (operation($1.operation).grant, $0) }) { first, _ in first }
        placesOfRequests = places
        return places[request] ?? -1
    }

    /// The grant of a token, or -1.
    func place(of token: UInt64) -> Int {
        let place = lives.partition { $0.token >= token }
        return place < lives.count && lives[place].token == token ? place : -1
    }
}
