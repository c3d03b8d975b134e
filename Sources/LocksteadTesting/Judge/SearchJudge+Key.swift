/// What the search found for one key.
struct SearchResult {
    var findings: [Finding] = []
    var isUnknown = false
}

extension SearchJudge {
    /// Judges a key by search.
    ///
    /// - Parameters:
    ///   - prepared: The key's grants and what is known of their ends, in any order of tokens.
    ///   - history: The history.
    ///   - rules: By what to judge.
    /// - Returns: What was found.
    static func judge(_ prepared: SearchPreparation, _ history: History, _ rules: JudgeRules) -> SearchResult {
        let judge = SearchJudge(
            history: history, rules: rules, lives: prepared.lives, places: prepared.places, former: prepared.former)
        switch judge.search(prepared.operations) {
        case .clean: return SearchResult(findings: prepared.findings)
        case .unknown: return SearchResult(findings: prepared.findings, isUnknown: true)
        case .stuck(let index):
            let until = history.operations[Int(index)].answered
            let seen = prepared.operations.filter { history.operations[Int($0)].invoked <= until }
            let few = judge.withProofs(judge.shortened(seen))
            let finding = Finding(
                kind: .notLinearizable, key: prepared.key,
                message:
                    "No order of these \(few.count) operations explains their answers; the search is stuck at a \(history.operations[Int(index)].kind.verb) by process \(history.number(of: history.operations[Int(index)].process)).",
                operations: few)
            return SearchResult(findings: prepared.findings + [finding])
        }
    }

    /// As few grants, each with all that was done with it, as still cannot be explained.
    ///
    /// A lock's history without one of its grants is a lock's history, so what is left is a violation by itself.
    private func shortened(_ operations: [Int32]) -> [Int32] {
        var present = operations
        var step = max(1, grants(of: present).count / 2)
        while true {
            var at = 0
            while at < grants(of: present).count {
                let dropped = Set(grants(of: present).dropFirst(at).prefix(step))
                let rest = present.filter { !dropped.contains(places[$0] ?? -1) }
                if case .stuck = search(rest) { present = rest } else { at += step }
            }
            if step == 1 { return present }
            step /= 2
        }
    }

    /// What says that the grants lived for so long belongs to them, even where it came later.
    private func withProofs(_ operations: [Int32]) -> [Int32] {
        var all = Set(operations)
        for place in grants(of: operations) {
            let life = lives[Int(place)]
            all.formUnion([life.operation, life.leaseBy, life.provenBy, life.releasedBy].filter { $0 >= 0 })
        }
        return all.sorted()
    }

    private func grants(of operations: [Int32]) -> [Int32] {
        var seen: Set<Int32> = []
        return operations.compactMap { places[$0] }.filter { seen.insert($0).inserted }
    }
}

/// One key made ready for the search.
struct SearchPreparation {
    let key: Int32
    let lives: [GrantLife]
    /// Only operations that certainly happened, and whose answers say so.
    let operations: [Int32]
    let places: [Int32: Int32]
    let former: [Int32: Int32]
    /// Operations on grants of others, which need no search.
    let findings: [Finding]
}

extension TokenJudge {
    /// Makes the key ready for a search: grants are told apart by their requests, or by who asked last.
    mutating func prepareSearch() -> SearchPreparation {
        collectGrants()
        collectForced()
        var (kept, places, former): ([Int32], [Int32: Int32], [Int32: Int32]) = ([], [:], [:])
        let byOperation = Dictionary(lives.enumerated().map { ($1.operation, Int32($0)) }) { first, _ in first }
        for index in operations {
            let each = operation(index)
            if let place = byOperation[index] { places[index] = place }
            if each.kind == .acquire || each.kind == .forceRelease || each.kind == .cancel {
                if each.kind == .cancel { relate(index) }
                if places[index] != nil { kept.append(index) }
                continue
            }
            guard let place = subject(of: each, index) else {
                if places[index] != nil { kept.append(index) }
                continue
            }
            if each.kind == .handOver { former[index] = Int32(place) } else { places[index] = Int32(place) }
            relate(index, to: place)
            if each.outcome == .ok { kept.append(index) }
        }
        settleEndings()
        return SearchPreparation(
            key: key, lives: lives, operations: kept, places: places, former: former, findings: findings)
    }

    /// The grant that an operation is about: by its request, its token if it is the only one with it, or its owner's latest.
    private mutating func subject(of each: History.Operation, _ index: Int32) -> Int? {
        let owner = history.owner(of: each.process)
        if each.kind != .handOver, each.grant != .none {
            let place = place(ofRequest: each.grant)
            return place >= 0 && isOwner(owner, of: place, each, index) ? place : nil
        }
        let token = each.kind == .handOver ? each.formerToken : each.token
        return lives.indices.last { place in
            lives[place].owner == owner && lives[place].invoked <= each.invoked
                && (token == 0 || lives[place].token == token)
        }
    }

    private mutating func isOwner(_ owner: Int32, of place: Int, _ each: History.Operation, _ index: Int32) -> Bool {
        if lives[place].owner == owner { return true }
        if each.outcome == .ok, each.key == key {
            find(
                .foreignOwner,
                "The engine confirmed a \(each.kind.verb) by \(name(each.process)) of a grant that \(name(lives[place].owner)) was given.",
                [lives[place].operation, index])
        }
        return false
    }
}
