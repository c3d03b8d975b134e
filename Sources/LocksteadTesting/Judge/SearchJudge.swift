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
    ///
    /// Nobody is sent away without need: it may have stayed.
    private func enter(_ place: Int32, _ holders: [Int32]) -> Configuration? {
        let (mine, answered) = (terms(place), lives[Int(place)].answered)
        var staying: [Int32] = []
        for holder in holders {
            guard conflicts(mine, holder) else {
                staying.append(holder)
                continue
            }
            guard end(of: holder / 2) <= answered else { return nil }
        }
        guard mine.mode == .permits else { return Configuration(holders: staying.inserting(place * 2)) }
        return makeRoom(for: mine, answered, staying).map { Configuration(holders: $0.inserting(place * 2)) }
    }

    /// Whether the two cannot be there together, however many permits there are.
    private func conflicts(_ mine: History.Terms, _ holder: Int32) -> Bool {
        let other = terms(holder / 2)
        let isShared = other.mode == .shared || holder % 2 == 1
        switch (mine.mode, other.mode) {
        case (.permits, .permits): return mine.limit != other.limit
        case (.shared, _): return !isShared || other.mode == .permits
        default: return true
        }
    }

    /// Sends away as few as make room, first those who were seen alive least lately: nobody needs them again.
    private func makeRoom(for mine: History.Terms, _ answered: Int64, _ holders: [Int32]) -> [Int32]? {
        var (staying, out) = (holders, holders.reduce(mine.permits) { $0 + terms($1 / 2).permits })
        let order = holders.sorted { lives[Int($0 / 2)].provenAlive < lives[Int($1 / 2)].provenAlive }
        for holder in order where out > mine.limit && end(of: holder / 2) <= answered {
            staying.removeAll { $0 == holder }
            out -= terms(holder / 2).permits
        }
        return out <= mine.limit ? staying : nil
    }

    private func terms(_ place: Int32) -> History.Terms {
        history.terms[Int(history.operations[Int(lives[Int(place)].operation)].terms)]
    }

    /// From when on a grant can have vanished without a word.
    private func end(of place: Int32) -> Int64 {
        let life = lives[Int(place)]
        guard life.releasedBy < 0 else { return .max }
        let terms = terms(place)
        let expiry = min(
            life.leaseEnd, terms.maximumHold == .max ? .max : life.invoked.adding(rules.least(terms.maximumHold)))
        return max(life.provenAlive, min(expiry.adding(rules.least(terms.lockDelay)), life.givenBack, life.cut))
    }
}
