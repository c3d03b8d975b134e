/// Judges recorded histories (docs/histories.md).
///
/// Four tiers, each where it applies: grants ordered by their tokens, in O(n log n); a search for an order where there are no tokens to
/// go by; critical sections that overlap; and accesses to guarded resources. A clean history is no proof that an engine is
/// right, only that nothing in *this* history contradicts the rules; a violation is certain, given clocks whose rate is off by
/// at most ``JudgeRules/rateErrorPermille``.
///
/// Judging works on the calling thread, blocks, and needs some 160 bytes of memory for each operation.
public struct HistoryJudge: Sendable {
    /// What is judged by.
    public var rules: JudgeRules

    /// Makes a judge.
    public init(rules: JudgeRules = JudgeRules()) { self.rules = rules }

    /// Judges a history.
    ///
    /// - Parameter bytes: Its JSON Lines.
    /// - Returns: What was found, with the text of the offending lines.
    /// - Throws: `HistoryError` where the bytes are no history.
    public func judge(_ bytes: [UInt8]) throws(HistoryError) -> Judgement {
        var judgement = judge(try Self.read(bytes))
        judgement.violations.addExcerpts { wanted in LinePicker.lines(wanted, of: bytes) }
        return judgement
    }

    /// Judges a history.
    ///
    /// - Parameter text: Its JSON Lines.
    /// - Returns: What was found, with the text of the offending lines.
    /// - Throws: `HistoryError` where the text is no history.
    public func judge(_ text: String) throws(HistoryError) -> Judgement { try judge(Array(text.utf8)) }

    /// For tests: as a file is read, in pieces of any size.
    package func judge(inPiecesOf size: Int, _ bytes: [UInt8]) throws -> Judgement {
        var reader = HistoryReader()
        for start in stride(from: 0, to: bytes.count, by: size) {
            try Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBufferPointer { try reader.take($0) }
        }
        return judge(try reader.finish())
    }

    static func read(_ bytes: [UInt8]) throws(HistoryError) -> History {
        var reader = HistoryReader()
        let result = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(HistoryError) in try reader.take(buffer) }
        }
        try result.get()
        return try reader.finish()
    }

    func judge(_ history: History) -> Judgement {
        var trial = Trial(history: history, rules: rules)
        return trial.run()
    }
}

/// One history before the judge.
struct Trial {
    let history: History
    let rules: JudgeRules
    private var findings: [Finding] = []
    private var undecided: [Int32] = []
    private var statistics = Judgement.Statistics()

    init(history: History, rules: JudgeRules) { (self.history, self.rules) = (history, rules) }

    mutating func run() -> Judgement {
        count()
        let (operations, sections, accesses) = (operationsByKey(), sectionsByKey(), accessesByKey())
        let finals = Dictionary(history.finals.map { ($0.key, $0) }) { $1 }
        let deaths = deathsByOwner()
        for key in history.keyNames.indices {
            judgeKey(Int32(key), operations[key], sections[key], deaths)
            judgeAccesses(Int32(key), accesses[key], finals[Int32(key)])
        }
        return conclude()
    }

    private mutating func judgeKey(_ key: Int32, _ operations: [Int32], _ sections: [Int32], _ deaths: [Int32: Int64]) {
        guard !operations.isEmpty || !sections.isEmpty else { return }
        let usesTokens = usesTokens(operations)
        var judge = TokenJudge(history, rules, key, operations, deaths: deaths, usesTokens: usesTokens)
        if usesTokens {
            findings += judge.judge()
        } else {
            statistics.searchedKeys += 1
            let result = SearchJudge.judge(judge.prepareSearch(), history, rules)
            findings += result.findings
            if result.isUnknown { undecided.append(key) }
        }
        guard !sections.isEmpty else { return }
        var lives = judge.lives
        if !usesTokens { lives.sort { $0.token < $1.token } }
        var sectionJudge = SectionJudge(history, rules, key, lives, judge.forcedNow, deaths)
        sectionJudge.judge(sections)
        findings += sectionJudge.findings
        statistics.zombies += sectionJudge.zombies
    }

    /// Where the history does not say otherwise, tokens count if every grant has one.
    private func usesTokens(_ operations: [Int32]) -> Bool {
        if let asked = rules.usesTokens { return asked }
        guard history.hasTotalTokens else { return false }
        return operations.allSatisfy { index in
            let each = history.operations[Int(index)]
            return each.outcome != .ok || each.token > 0 || (each.kind != .acquire && each.kind != .handOver)
        }
    }

    private mutating func judgeAccesses(_ key: Int32, _ accesses: [Int32], _ final: History.Final?) {
        guard !accesses.isEmpty else { return }
        var judge = AccessJudge(history, key)
        judge.judge(accesses, final: final)
        findings += judge.findings
        statistics.updates += judge.updates
        statistics.lostUpdates += judge.lost
    }

    // MARK: Parting by key

    private func operationsByKey() -> [[Int32]] {
        var lists: [[Int32]] = Array(repeating: [], count: history.keyNames.count)
        for index in history.operations.indices {
            if history.operations[index].keyList < 0 {
                lists[Int(history.operations[index].key)].append(Int32(index))
            } else {
                for key in history.keys(of: history.operations[index]) { lists[Int(key)].append(Int32(index)) }
            }
        }
        return lists
    }

    private func sectionsByKey() -> [[Int32]] {
        var lists: [[Int32]] = Array(repeating: [], count: history.keyNames.count)
        for index in history.sections.indices { lists[Int(history.sections[index].key)].append(Int32(index)) }
        return lists
    }

    private func accessesByKey() -> [[Int32]] {
        var lists: [[Int32]] = Array(repeating: [], count: history.keyNames.count)
        for index in history.accesses.indices { lists[Int(history.accesses[index].key)].append(Int32(index)) }
        return lists
    }

    private func deathsByOwner() -> [Int32: Int64] {
        var deaths: [Int32: Int64] = [:]
        for process in history.processes where process.died < .max {
            deaths[process.owner] = min(process.died, deaths[process.owner] ?? .max)
        }
        return deaths
    }

    // MARK: The result

    private mutating func count() {
        statistics.lines = Int(history.lineCount)
        statistics.operations = history.operations.count
        statistics.keys = history.keyNames.count
        statistics.processes = history.processes.count
        statistics.sections = history.sections.count
        statistics.accesses = history.accesses.count
        for operation in history.operations {
            if operation.outcome == .unknown { statistics.unknownOperations += 1 }
            if operation.outcome == .ok, operation.kind == .acquire || operation.kind == .handOver {
                statistics.grants += 1
            }
        }
        statistics.refusedAccesses = history.accesses.count { !$0.isAccepted }
    }

    private func conclude() -> Judgement {
        let all = findings.map { (finding: $0, lines: lines(of: $0)) }
            .sorted { ($0.lines.last ?? 0, $0.finding.kind.rawValue) < ($1.lines.last ?? 0, $1.finding.kind.rawValue) }
        let kept = all.prefix(rules.mostViolations).map { finding, lines in
            Violation(kind: finding.kind, key: history.name(of: finding.key), message: finding.message, lines: lines)
        }
        return Judgement(
            violations: kept, violationCount: all.count, undecidedKeys: undecided.map { history.name(of: $0) },
            statistics: statistics)
    }

    private func lines(of finding: Finding) -> [Int] {
        var lines = Set(finding.lines.map { Int($0) })
        for index in finding.operations where index >= 0 {
            let operation = history.operations[Int(index)]
            lines.insert(Int(operation.invokeLine))
            if operation.answerLine > 0 { lines.insert(Int(operation.answerLine)) }
            if finding.kind == .queueOrder, let queued = history.queuedLines[index] { lines.insert(Int(queued)) }
        }
        return lines.sorted()
    }
}
