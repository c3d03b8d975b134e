/// Tier 2: without tokens to go by, look for an order that explains all answers.
///
/// Wing and Gong's search with Lowe's two improvements, memory of configurations seen and linearization just in time: operations
/// are only ordered when an answer forces them to be, and all orders with the same outcome are one configuration. What is needed
/// at a time grows with the number of calls under way, not with the length of the history (docs/divergence.md).
struct SearchJudge {
    /// What the key may look like now: who holds, and which of the calls under way have happened already.
    struct Configuration: Hashable {
        /// Places in `lives`, twice, plus one where the grant was downgraded; in order.
        var holders: [Int32] = []
        /// Operations, in order.
        var done: [Int32] = []
    }

    enum Outcome { case clean, unknown, stuck(at: Int32) }

    let history: History
    let rules: JudgeRules
    let lives: [GrantLife]
    /// The grant that an operation is about; for a hand-over the new one.
    let places: [Int32: Int32]
    /// For a hand-over, the grant that it ends.
    let former: [Int32: Int32]

    /// Whether these operations can have happened.
    ///
    /// - Parameter operations: Those whose answers are known and were given.
    /// - Returns: Whether they can, or where the search is stuck.
    func search(_ operations: [Int32]) -> Outcome {
        var (pending, configurations) = ([Int32](), Set([Configuration()]))
        var budget = rules.searchLimit
        for event in events(operations) {
            if event.isInvocation {
                pending.append(event.operation)
                continue
            }
            guard let next = configurationsAfter(event.operation, pending, configurations, &budget) else {
                return .unknown
            }
            guard !next.isEmpty else { return .stuck(at: event.operation) }
            configurations = next
            pending.removeAll { $0 == event.operation }
        }
        return .clean
    }

    private struct Event {
        var time: Int64
        var isInvocation: Bool
        var operation: Int32
    }

    /// At one time invocations come first: calls that touch may have overlapped.
    private func events(_ operations: [Int32]) -> [Event] {
        let all = operations.flatMap { index in
            let each = history.operations[Int(index)]
            return [
                Event(time: each.invoked, isInvocation: true, operation: index),
                Event(time: each.answered, isInvocation: false, operation: index),
            ]
        }
        return all.sorted {
            ($0.time, $0.isInvocation ? 0 : 1, $0.operation) < ($1.time, $1.isInvocation ? 0 : 1, $1.operation)
        }
    }

    /// All configurations in which the operation has happened, or `nil` where the budget is spent.
    private func configurationsAfter(
        _ operation: Int32, _ pending: [Int32], _ configurations: Set<Configuration>, _ budget: inout Int
    ) -> Set<Configuration>? {
        var (after, seen, work): (Set<Configuration>, Set<Configuration>, [Configuration]) = ([], configurations, [])
        for configuration in configurations {
            if configuration.done.contains(operation) {
                after.insert(configuration.without(operation))
            } else {
                work.append(configuration)
            }
        }
        while let configuration = work.popLast() {
            for next in pending where !configuration.done.contains(next) {
                budget -= 1
                guard budget > 0 else { return nil }
                guard var reached = step(next, configuration.holders) else { continue }
                if next == operation {
                    reached.done = configuration.done
                    after.insert(reached)
                } else {
                    reached.done = configuration.done.inserting(next)
                    if seen.insert(reached).inserted { work.append(reached) }
                }
            }
        }
        return after
    }
}

extension SearchJudge.Configuration {
    fileprivate func without(_ operation: Int32) -> Self {
        var rest = self
        rest.done.removeAll { $0 == operation }
        return rest
    }
}

extension [Int32] {
    fileprivate func inserting(_ element: Int32) -> Self {
        var more = self
        more.insert(element, at: partition { $0 > element })
        return more
    }
}

// MARK: The lock

extension SearchJudge {
    /// What the key looks like once the operation has happened, or `nil` where it cannot happen now.
    private func step(_ index: Int32, _ holders: [Int32]) -> Configuration? {
        guard let place = places[index] else { return Configuration(holders: holders) }
        switch history.operations[Int(index)].kind {
        case .acquire: return enter(place, holders)
        case .handOver:
            guard let old = former[index] else { return enter(place, holders) }
            guard let at = holders.firstIndex(where: { $0 / 2 == old }) else { return nil }
            var rest = holders
            rest.remove(at: at)
            return enter(place, rest)
        case .release:
            guard let at = holders.firstIndex(where: { $0 / 2 == place }) else { return nil }
            var rest = holders
            rest.remove(at: at)
            return Configuration(holders: rest)
        case .renew: return holders.contains { $0 / 2 == place } ? Configuration(holders: holders) : nil
        case .downgrade:
            guard let at = holders.firstIndex(where: { $0 / 2 == place }) else { return nil }
            var changed = holders
            changed[at] = place * 2 + 1
            return Configuration(holders: changed)
        case .cancel, .forceRelease: return Configuration(holders: holders)
        }
    }

    /// Lets a grant in, where those that it conflicts with are gone or can have ended by the time of its answer.
    private func enter(_ place: Int32, _ holders: [Int32]) -> Configuration? {
        let answered = lives[Int(place)].answered
        // Whose release was confirmed cannot have vanished before; nobody needs the others any more.
        let living = holders.filter { end(of: $0 / 2) > answered }
        let mine = terms(place)
        var permits = mine.permits
        for holder in living {
            let other = terms(holder / 2)
            let isShared = other.mode == .shared || holder % 2 == 1
            switch (mine.mode, other.mode) {
            case (.permits, .permits) where mine.limit == other.limit: permits += other.permits
            case (.shared, _) where isShared && other.mode != .permits: break
            default: return nil
            }
        }
        guard mine.mode != .permits || permits <= mine.limit else { return nil }
        return Configuration(holders: living.inserting(place * 2))
    }

    private func terms(_ place: Int32) -> History.Terms {
        history.terms[Int(history.operations[Int(lives[Int(place)].operation)].terms)]
    }

    /// From when on a grant can have vanished without a word.
    private func end(of place: Int32) -> Int64 {
        let life = lives[Int(place)]
        guard life.releasedBy < 0 else { return .max }
        let terms = terms(place)
        return min(life.earliestExpiry(terms, rules).adding(rules.least(terms.lockDelay)), life.givenBack, life.cut)
    }
}
