import HeapModule
import Lockstead

extension TokenJudge {
    /// What stood in the way, so far: the latest end and whose it is.
    private struct Bound {
        var time = Int64.min
        var life = -1

        mutating func raise(to time: Int64, by life: Int) {
            if time > self.time { (self.time, self.life) = (time, life) }
        }
    }

    /// Permits that are out until a time.
    private struct Stay: Comparable {
        var end: Int64
        var permits: Int64
        var life: Int
        static func < (left: Stay, right: Stay) -> Bool { left.end < right.end }
    }

    /// The engine's state while grants are made in the order of their tokens, each at its earliest point.
    private struct Order {
        var kind: LockKindTag?
        var previous = Bound()
        var exclusive = Bound()
        var shared = Bound()
        var anything = Bound()
        var out = Heap<Stay>()
        var permitsOut: Int64 = 0
        /// The latest moment at which what came before must have been over.
        var latestEnd = Int64.min
        var latestBy = -1
    }

    private enum LockKindTag: Equatable { case readWrite, semaphore(Int64) }

    /// Makes the grants, one after the other.
    mutating func order() {
        var order = Order()
        for place in lives.indices {
            let terms = terms(lives[place])
            var bound = bound(place, terms, &order)
            if bound.time > lives[place].answered {
                accuse(place, bound.life)
                bound.time = lives[place].answered
            }
            lives[place].point = bound.time
            judgeLateness(place, terms, order)
            enter(place, terms, &order)
        }
    }

    /// The earliest point of a grant.
    private func bound(_ place: Int, _ terms: History.Terms, _ order: inout Order) -> Bound {
        var bound = Bound(time: lives[place].invoked, life: -1)
        bound.raise(to: order.previous.time, by: order.previous.life)
        let kind = terms.mode == .permits ? LockKindTag.semaphore(terms.limit) : .readWrite
        if let present = order.kind, present != kind {
            bound.raise(to: order.anything.time, by: order.anything.life)
            (order.exclusive, order.shared, order.permitsOut) = (Bound(), Bound(), 0)
            order.out = Heap()
        }
        order.kind = kind
        switch terms.mode {
        case .exclusive:
            bound.raise(to: order.exclusive.time, by: order.exclusive.life)
            bound.raise(to: order.shared.time, by: order.shared.life)
        case .shared: bound.raise(to: order.exclusive.time, by: order.exclusive.life)
        case .permits: waitForPermits(terms, &bound, &order)
        }
        return bound
    }

    private func waitForPermits(_ terms: History.Terms, _ bound: inout Bound, _ order: inout Order) {
        while let first = order.out.min,
            first.end <= bound.time || order.permitsOut + terms.permits > terms.limit
        {
            bound.raise(to: first.end, by: first.life)
            order.permitsOut -= first.permits
            order.out.removeMin()
        }
    }

    private func enter(_ place: Int, _ terms: History.Terms, _ order: inout Order) {
        let end = lives[place].earliestEnd(terms, history.operations, rules)
        order.previous = Bound(time: lives[place].point, life: place)
        order.anything.raise(to: end, by: place)
        switch terms.mode {
        case .exclusive:
            let alone = max(lives[place].point, min(end, lives[place].downgraded))
            order.exclusive.raise(to: alone, by: place)
            if alone < end { order.shared.raise(to: end, by: place) }
        case .shared: order.shared.raise(to: end, by: place)
        case .permits:
            order.out.insert(Stay(end: end, permits: terms.permits, life: place))
            order.permitsOut += terms.permits
        }
        let latest = lives[place].latestEnd(terms, history.operations, rules)
        if latest > order.latestEnd { (order.latestEnd, order.latestBy) = (latest, place) }
    }

    // MARK: Lateness

    /// L1: who waits for a dead holder gets the lock when its lease has run out, not later.
    ///
    /// Said only where nothing else can explain the wait: no fault at work, no grant that went unseen, no other names.
    private mutating func judgeLateness(_ place: Int, _ terms: History.Terms, _ order: Order) {
        let life = lives[place]
        guard terms.mode == .exclusive, order.latestBy >= 0, order.latestEnd < .max, !hasSeveralNames else { return }
        let holder = lives[order.latestBy]
        guard holder.releasedBy < 0, terms.isFair, terms.priority == 0 else { return }
        let due = max(life.invoked, order.latestEnd).adding(TimeSpan(rules.slack).nanoseconds)
        guard life.answered > due, earliestOpen >= life.answered, !isUnderFault(from: life.invoked, to: life.answered)
        else { return }
        find(
            .lateExpiry,
            "Token \(life.token) was granted \(Self.milliseconds(life.answered - due)) later than the lease of token \(holder.token) can have lasted.",
            [holder.operation, holder.leaseBy, life.operation])
    }

    private func isUnderFault(from: Int64, to: Int64) -> Bool {
        history.faults.contains { $0.from <= to && $0.to >= from }
    }

    static func milliseconds(_ nanoseconds: Int64) -> String {
        "\(nanoseconds / 1_000_000).\(String(1000 + nanoseconds / 1000 % 1000).dropFirst()) ms"
    }

    // MARK: Accusations

    /// Says what stands against a grant that was answered before it can have been made.
    private mutating func accuse(_ place: Int, _ other: Int) {
        let (life, holder) = (lives[place], lives[other])
        if holder.point > life.answered {
            return find(
                .tokenOrder,
                "Token \(life.token) was granted before the lower token \(holder.token) can have been.",
                [holder.operation, life.operation])
        }
        let (mine, others) = (terms(life), terms(holder))
        if mine.mode == .permits, others.mode == .permits, mine.limit == others.limit,
            holder.provenAlive > life.answered || earliestOpening(holder, others) > life.answered
        {
            return accuseOfCrowd(place)
        }
        if holder.provenAlive > life.answered {
            return find(
                together(mine, others),
                "\(beside(life, holder)), which the engine still confirmed \(Self.milliseconds(holder.provenAlive - life.answered)) later.",
                [holder.operation, holder.provenBy, life.operation])
        }
        if holder.releasedBy >= 0 { return accuseOfHaste(life, holder, mine, others) }
        accuseOfExpiry(life, holder, mine, others)
    }

    private func earliestOpening(_ holder: GrantLife, _ terms: History.Terms) -> Int64 {
        holder.earliestEnd(terms, history.operations, rules)
    }

    /// Names all who hold permits by then, since it takes all of them.
    private mutating func accuseOfCrowd(_ place: Int) {
        let life = lives[place]
        // A broken engine breaks rules everywhere; the first few tell why.
        let first = findings.count < rules.mostViolations ? Swift.max(0, place - Self.mostSearched) : place
        let others = lives[first..<place].filter {
            terms($0).mode == .permits && earliestOpening($0, terms($0)) > life.answered
        }
        let isExpiry = others.contains { $0.releasedBy < 0 && $0.provenAlive <= life.answered && $0.leaseEnd < .max }
        let proofs = others.flatMap { [$0.operation, $0.releasedBy, $0.provenBy, $0.leaseBy] }.filter { $0 >= 0 }
        let out = others.reduce(terms(life).permits) { $0 + terms($1).permits }
        find(
            .tooManyPermits,
            "Token \(life.token) was granted to \(name(life.owner)) as one of \(out) permits of \(terms(life).limit)\(isExpiry ? ", before a lease of them can have run out" : "").",
            proofs + [life.operation])
    }

    /// Further back than this, nobody looks for permits that are out; a crowd of so many shows enough.
    private static let mostSearched = 10_000

    private mutating func accuseOfHaste(
        _ life: GrantLife, _ holder: GrantLife, _ mine: History.Terms, _ others: History.Terms
    ) {
        let release = operation(holder.releasedBy)
        let involved = [holder.operation, holder.releasedBy, life.operation]
        if release.invoked > life.answered {
            find(
                together(mine, others),
                "\(beside(life, holder)), which was released only \(Self.milliseconds(release.invoked - life.answered)) later.",
                involved)
        } else if holder.isSurelyRevoked, release.invoked.adding(rules.least(others.lockDelay)) > life.answered {
            find(
                .lockDelay,
                "Token \(life.token) was granted within the lock-delay of token \(holder.token), which had been revoked.",
                involved + forcedOperations(of: holder))
        } else {
            find(
                .minimumHold, "Token \(life.token) was granted within the minimum hold of token \(holder.token).",
                involved)
        }
    }

    private mutating func accuseOfExpiry(
        _ life: GrantLife, _ holder: GrantLife, _ mine: History.Terms, _ others: History.Terms
    ) {
        let expiry = holder.earliestExpiry(others, rules)
        let involved = [holder.operation, holder.leaseBy, life.operation]
        if expiry == .max {
            find(together(mine, others), "\(beside(life, holder)), which nothing had ended.", involved)
        } else if expiry > life.answered {
            find(
                .earlyExpiry,
                "\(beside(life, holder)), whose lease cannot have run out until \(Self.milliseconds(expiry - life.answered)) later.",
                involved)
        } else if holder.givenBack < .max {
            find(
                .minimumHold, "Token \(life.token) was granted within the minimum hold of token \(holder.token).",
                involved)
        } else {
            find(
                .lockDelay, "Token \(life.token) was granted within the lock-delay of token \(holder.token).", involved)
        }
    }

    private func forcedOperations(of holder: GrantLife) -> [Int32] {
        guard findings.count < rules.mostViolations else { return [] }
        let first = operations.first { operation($0).kind == .forceRelease && operation($0).invoked >= holder.answered }
        return first.map { [$0] } ?? []
    }

    private func beside(_ life: GrantLife, _ holder: GrantLife) -> String {
        "Token \(life.token) was granted to \(name(life.owner)) beside token \(holder.token) of \(name(holder.owner))"
    }

    private func together(_ one: History.Terms, _ other: History.Terms) -> Violation.Kind {
        switch (one.mode, other.mode) {
        case (.exclusive, .exclusive): .overlap
        case (.permits, .permits): one.limit == other.limit ? .tooManyPermits : .kindMismatch
        case (.permits, _), (_, .permits): .kindMismatch
        default: .readerBesideWriter
        }
    }
}
