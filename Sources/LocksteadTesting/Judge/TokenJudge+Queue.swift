extension TokenJudge {
    /// A renewal or release that was told that the grant is gone is right only if something can have ended it by then.
    mutating func judgeLosses() {
        for (place, index) in losses {
            let (life, each) = (lives[place], operation(index))
            var earliest = min(life.earliestExpiry(terms(life), rules), life.givenBack, life.cut, life.revoked)
            if life.releasedBy >= 0 { earliest = min(earliest, operation(life.releasedBy).invoked) }
            guard each.answered < earliest else { continue }
            find(
                .earlyExpiry,
                "A \(each.kind.verb) was told that token \(life.token) is gone, and nothing can have ended it by then.",
                [life.operation, life.leaseBy, index])
        }
    }

    /// The latest transmission among grants with lower tokens.
    private struct Latest {
        var invoked = Int64.min
        var life = -1

        mutating func raise(_ invoked: Int64, _ life: Int) {
            if invoked > self.invoked { (self.invoked, self.life) = (invoked, life) }
        }
    }

    /// S9: who stood in the queue before another asked is served before it.
    ///
    /// Said only where it is certain: the one was known to be queued before the other was sent.
    mutating func judgeQueue() {
        guard lives.contains(where: { $0.queued < .max }) || operations.contains(where: { isStarved($0) }) else {
            return
        }
        var (anyone, writers) = (Latest(), Latest())
        for place in lives.indices {
            let (life, terms) = (lives[place], terms(lives[place]))
            let rival = terms.mode == .shared ? writers : anyone
            if life.queued < rival.invoked, terms.isFair, terms.priority >= 0, isOther(life, rival.life) {
                let rival = lives[rival.life]
                find(
                    .queueOrder,
                    "Token \(rival.token) was granted before token \(life.token), which stood in the queue before the other was asked for.",
                    [life.operation, rival.operation])
            }
            // An urgent request may overtake.
            guard terms.priority <= 0 else { continue }
            anyone.raise(life.invoked, place)
            if terms.mode != .shared { writers.raise(life.invoked, place) }
        }
        judgeStarved(operations.filter { isStarved($0) })
    }

    private func isOther(_ life: GrantLife, _ rival: Int) -> Bool { lives[rival].owner != life.owner }

    /// A request that stood in the queue until its time was over.
    private func isStarved(_ index: Int32) -> Bool {
        let each = operation(index)
        return each.kind == .acquire && each.outcome == .failed && each.queued < .max
    }

    /// For each place in the order of transmissions, whose grant was answered first from there on.
    private struct Soonest {
        let invoked: [Int64]
        private var first: [Int]

        init(_ lives: [GrantLife], _ isRival: (GrantLife) -> Bool) {
            let order = lives.indices.filter { isRival(lives[$0]) }.sorted { lives[$0].invoked < lives[$1].invoked }
            invoked = order.map { lives[$0].invoked }
            first = order
            for place in order.indices.dropLast().reversed()
            where lives[first[place + 1]].answered < lives[first[place]].answered {
                first[place] = first[place + 1]
            }
        }

        /// Which grant, of those that were asked for after `time`, was answered first.
        func rival(after time: Int64) -> Int? {
            let place = invoked.partition { $0 > time }
            return place < first.count ? first[place] : nil
        }
    }

    private mutating func judgeStarved(_ starved: [Int32]) {
        guard !starved.isEmpty else { return }
        let anyone = Soonest(lives) { terms($0).priority <= 0 }
        let writers = Soonest(lives) { terms($0).priority <= 0 && terms($0).mode != .shared }
        for index in starved {
            let each = operation(index)
            let terms = history.terms[Int(each.terms)]
            guard terms.isFair, terms.priority >= 0, terms.wait < .max else { continue }
            let end = min(each.invoked.adding(rules.least(terms.wait)), withdrawn[each.grant] ?? .max)
            guard let place = (terms.mode == .shared ? writers : anyone).rival(after: each.queued),
                lives[place].answered < end, lives[place].owner != history.owner(of: each.process)
            else { continue }
            find(
                .queueOrder,
                "Token \(lives[place].token) was granted past \(name(each.process)), which stood in the queue before it was asked for.",
                [index, lives[place].operation])
        }
    }
}
