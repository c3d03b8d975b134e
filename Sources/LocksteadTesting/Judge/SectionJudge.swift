import Lockstead

/// Tier 3: who was inside at the same time, and whether that was anybody's fault.
///
/// Two who both believe to hold are a violation: of the engine where it had let both in, else of the client. One who is inside
/// beyond the end of its belief is a zombie, which no lock service can prevent; what it writes is for the resource to refuse.
struct SectionJudge {
    let history: History
    let rules: JudgeRules
    let key: Int32
    /// The key's grants, in order of tokens.
    let lives: [GrantLife]
    let forcedNow: ForcedReleases
    let deaths: [Int32: Int64]
    private(set) var findings: [Finding] = []
    private(set) var zombies = 0

    /// One who is inside.
    private struct Inside {
        var section: Int32
        var life: Int
        var mode: HistoryLine.Mode
        var permits: Int64
        var limit: Int64
        /// Until when it may be here and hold, renewals included.
        var latest: Int64
    }

    private var inside: [Inside] = []
    private var readers: [Inside] = []

    init(
        _ history: History, _ rules: JudgeRules, _ key: Int32, _ lives: [GrantLife], _ forcedNow: ForcedReleases,
        _ deaths: [Int32: Int64]
    ) {
        (self.history, self.rules, self.key, self.lives) = (history, rules, key, lives)
        (self.forcedNow, self.deaths) = (forcedNow, deaths)
    }

    /// - Parameter sections: The key's, in any order.
    mutating func judge(_ sections: [Int32]) {
        for index in sections.sorted(by: { section($0).entered < section($1).entered }) {
            let newcomer = newcomer(index)
            meet(newcomer)
            if newcomer.mode == .shared { readers.append(newcomer) } else { inside.append(newcomer) }
        }
    }

    private func section(_ index: Int32) -> History.Section { history.sections[Int(index)] }

    private func newcomer(_ index: Int32) -> Inside {
        let section = section(index)
        let place = lives.partition { $0.token >= section.token }
        guard section.token > 0, place < lives.count, lives[place].token == section.token else {
            return Inside(section: index, life: -1, mode: .exclusive, permits: 1, limit: 1, latest: section.validUntil)
        }
        let terms = history.terms[Int(history.operations[Int(lives[place].operation)].terms)]
        let latest = section.validUntil == .max ? .max : max(section.validUntil, renewedUntil(place) ?? .min)
        return Inside(
            section: index, life: place, mode: terms.mode, permits: terms.permits, limit: terms.limit, latest: latest)
    }

    /// Until when the last confirmed renewal lets its holder believe.
    private func renewedUntil(_ place: Int) -> Int64? {
        let life = lives[place]
        guard life.leaseBy != life.operation, life.leaseEnd < .max else { return nil }
        return life.leaseEnd - LeaseRules.reading
    }

    private func isInside(_ other: Inside, at time: Int64) -> Bool {
        section(other.section).exited > time && !isDead(other, at: time)
    }

    private func isDead(_ other: Inside, at time: Int64) -> Bool {
        !deaths.isEmpty && (deaths[history.owner(of: section(other.section).process)] ?? .max) <= time
    }

    private mutating func meet(_ newcomer: Inside) {
        let time = section(newcomer.section).entered
        inside = inside.filter { isInside($0, at: time) }
        var permits = newcomer.permits
        for other in inside where newcomer.mode == .permits && other.mode == .permits && isBelieving(other, at: time) {
            permits += other.permits
        }
        inside = rest(of: inside, newcomer, permits, time)
        // Readers do not mind readers, so that many of them cost nothing.
        guard newcomer.mode != .shared else { return }
        readers = rest(of: readers.filter { isInside($0, at: time) }, newcomer, permits, time)
    }

    private mutating func rest(of others: [Inside], _ newcomer: Inside, _ permits: Int64, _ time: Int64) -> [Inside] {
        var rest: [Inside] = []
        for other in others where !judge(other, newcomer, permits, time) { rest.append(other) }
        return rest
    }

    /// Whether the other is to be forgotten: it was counted, as a zombie or in a finding.
    private mutating func judge(_ other: Inside, _ newcomer: Inside, _ permits: Int64, _ time: Int64) -> Bool {
        if newcomer.mode == .permits, other.mode == .permits, permits <= newcomer.limit { return false }
        guard section(other.section).process != section(newcomer.section).process || other.life != newcomer.life else {
            return false
        }
        guard isBelieving(other, at: time), !isWaived(other, at: time) else {
            zombies += 1
            return true
        }
        accuse(other, newcomer, time)
        return true
    }

    /// Whether it is inside and may believe to hold: a renewal counts once it was answered.
    private func isBelieving(_ other: Inside, at time: Int64) -> Bool {
        if section(other.section).validUntil > time { return true }
        guard other.latest > time, other.life >= 0 else { return false }
        return history.operations[Int(lives[other.life].leaseBy)].answered <= time
    }

    /// A forced release with `now` waives exclusion (RULES 19).
    private func isWaived(_ other: Inside, at time: Int64) -> Bool {
        guard !forcedNow.isEmpty else { return false }
        return (forcedNow.first(after: section(other.section).entered)?.invoked ?? .max) <= time
    }

    private mutating func accuse(_ other: Inside, _ newcomer: Inside, _ time: Int64) {
        let (one, two) = (section(other.section), section(newcomer.section))
        let isServers = wereBothGranted(other, newcomer)
        var finding = Finding(
            kind: isServers ? .serverOverlap : .beliefOverlap, key: key,
            message:
                "Process \(history.number(of: two.process)) came in under token \(two.token) while process \(history.number(of: one.process)) was inside under token \(one.token) and \(isServers ? "the engine had let both in" : "believed to hold").",
            operations: [other.life, newcomer.life].filter { $0 >= 0 }.map { lives[$0].operation })
        finding.lines = [one.enterLine, one.exitLine, two.enterLine].filter { $0 > 0 }
        if other.life >= 0, lives[other.life].leaseBy != lives[other.life].operation {
            finding.operations.append(lives[other.life].leaseBy)
        }
        findings.append(finding)
    }

    /// Whether the engine granted the one while the other cannot have ended.
    private func wereBothGranted(_ other: Inside, _ newcomer: Inside) -> Bool {
        guard other.life >= 0, newcomer.life >= 0 else { return false }
        let life = lives[other.life]
        let terms = history.terms[Int(history.operations[Int(life.operation)].terms)]
        return life.earliestEnd(terms, history.operations, rules) > lives[newcomer.life].answered
    }
}

extension LeaseRules {
    /// What clients take off their leases for reading clocks.
    fileprivate static let reading: Int64 = 10_000_000
}
