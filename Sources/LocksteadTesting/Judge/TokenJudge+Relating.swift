extension TokenJudge {
    /// Tells the grant that an operation is about what the operation says of it.
    mutating func relate(_ index: Int32) {
        let each = operation(index)
        switch each.kind {
        case .acquire, .forceRelease: break
        case .cancel: withdraw(each, index)
        case .handOver, .renew, .downgrade, .release:
            let token = each.kind == .handOver ? each.formerToken : each.token
            if let place = holder(each, token: token, index) { relate(index, to: place) }
        }
    }

    /// Tells a grant what an operation on it says of it.
    mutating func relate(_ index: Int32, to place: Int) {
        let each = operation(index)
        switch each.kind {
        case .acquire, .forceRelease, .cancel: break
        case .handOver: handedOver(place, each, index)
        case .renew: renewed(place, each, index)
        case .downgrade: downgraded(place, each, index)
        case .release: released(place, each, index)
        }
    }

    /// The grant that is meant; a confirmed operation on another's grant, or on nobody's, is a violation.
    private mutating func holder(_ each: History.Operation, token: UInt64, _ index: Int32) -> Int? {
        let place = token > 0 ? place(of: token) : self.place(ofRequest: each.grant)
        let owner = history.owner(of: each.process)
        guard place >= 0 else {
            // Whose acquire went unanswered may have learnt its token elsewhere.
            let mayHold = openOwners.contains(owner)
            if each.outcome == .ok, !mayHold, each.key == key {
                find(
                    .unknownToken,
                    "The engine confirmed a \(each.kind.verb) by \(name(each.process)) under \(token > 0 ? "token \(token)" : "a grant") that nobody was given.",
                    [index])
            }
            return nil
        }
        // A hand-over is from one task of a client to another.
        guard lives[place].owner == owner || each.kind == .handOver else {
            if each.outcome == .ok, each.key == key {
                find(
                    .foreignOwner,
                    "The engine confirmed a \(each.kind.verb) by \(name(each.process)) of token \(lives[place].token), which \(name(lives[place].owner)) was given.",
                    [lives[place].operation, index])
            }
            return nil
        }
        return place
    }

    private mutating func prove(_ place: Int, _ each: History.Operation, _ index: Int32) {
        guard each.invoked > lives[place].provenAlive else { return }
        (lives[place].provenAlive, lives[place].provenBy) = (each.invoked, index)
    }

    private mutating func renewed(_ place: Int, _ each: History.Operation, _ index: Int32) {
        let asked = history.terms[Int(each.terms)].lease
        let lease = asked < .max ? asked : terms(lives[place]).lease
        switch each.outcome {
        case .ok:
            prove(place, each, index)
            let end = each.armed.adding(rules.least(lease))
            if end > lives[place].leaseEnd, !mayBeRevoked(lives[place], before: each.answered) {
                (lives[place].leaseEnd, lives[place].leaseBy) = (end, index)
            }
            lives[place].latestLeaseEnd = max(lives[place].latestLeaseEnd, each.answered.adding(rules.most(lease)))
        case .unknown: lives[place].latestLeaseEnd = .max
        case .failed: lost(place, each, index)
        }
    }

    /// No heartbeat extends a revoked grant (RULES 19).
    private func mayBeRevoked(_ life: GrantLife, before time: Int64) -> Bool {
        guard !forced.isEmpty, let first = forced.first(after: life.invoked) else { return false }
        return first.invoked < time
    }

    private mutating func released(_ place: Int, _ each: History.Operation, _ index: Int32) {
        switch each.outcome {
        case .ok:
            guard lives[place].releasedBy >= 0 else {
                lives[place].releasedBy = index
                return
            }
            let first = lives[place].releasedBy
            // Answers to overlapping calls may be answers to one retried message.
            guard each.invoked > operation(first).answered, each.key == key else { return }
            find(
                .releasedTwice,
                "Token \(lives[place].token) was released twice, and both times the engine confirmed it.",
                [lives[place].operation, first, index])
        case .unknown: lives[place].givenBack = min(lives[place].givenBack, each.invoked)
        case .failed:
            // Of several names, those that were still held are free now (R22).
            if each.keyList >= 0 { lives[place].givenBack = min(lives[place].givenBack, each.invoked) }
            lost(place, each, index)
        }
    }

    /// Of several names, any one may be what was lost.
    private mutating func lost(_ place: Int, _ each: History.Operation, _ index: Int32) {
        if each.isLoss, each.keyList < 0 { losses.append((place, index)) }
    }

    private mutating func downgraded(_ place: Int, _ each: History.Operation, _ index: Int32) {
        switch each.outcome {
        case .ok:
            prove(place, each, index)
            lives[place].downgraded = min(lives[place].downgraded, each.invoked)
        case .unknown: lives[place].downgraded = min(lives[place].downgraded, each.invoked)
        case .failed: lost(place, each, index)
        }
    }

    private mutating func handedOver(_ place: Int, _ each: History.Operation, _ index: Int32) {
        if each.outcome == .ok { prove(place, each, index) }
        if each.outcome != .failed { lives[place].cut = min(lives[place].cut, each.invoked) }
    }

    private mutating func withdraw(_ each: History.Operation, _ index: Int32) {
        guard each.outcome != .failed, each.grant != .none else { return }
        withdrawn[each.grant] = min(each.invoked, withdrawn[each.grant] ?? .max)
        let place = place(ofRequest: each.grant)
        if place >= 0 { lives[place].givenBack = min(lives[place].givenBack, each.invoked) }
    }

    /// What ends grants without asking them.
    mutating func settleEndings() {
        for place in lives.indices {
            let life = lives[place]
            if !deaths.isEmpty, let death = deaths[life.owner] { lives[place].cut = min(life.cut, death) }
            if !forced.isEmpty { settleForced(place) }
            guard life.releasedBy >= 0, life.provenAlive > operation(life.releasedBy).answered, life.provenBy >= 0
            else { continue }
            find(
                .afterRelease,
                "The engine confirmed a \(operation(life.provenBy).kind.verb) of token \(life.token) after its release.",
                [life.operation, life.releasedBy, life.provenBy])
        }
    }

    private mutating func settleForced(_ place: Int) {
        let life = lives[place]
        if let now = forcedNow.first(after: life.invoked) { lives[place].cut = min(lives[place].cut, now.invoked) }
        guard let first = forced.first(after: life.invoked) else { return }
        lives[place].revoked = first.invoked
        let lease = terms(life).lease
        lives[place].latestLeaseEnd = max(life.latestLeaseEnd, first.answered.adding(rules.most(lease)))
        guard life.releasedBy >= 0 else { return }
        lives[place].isSurelyRevoked = forced.isSure(from: life.answered, until: operation(life.releasedBy).invoked)
    }
}

extension HistoryLine.Operation {
    var verb: String {
        switch self {
        case .acquire: "grant"
        case .renew: "renewal"
        case .release: "release"
        case .cancel: "withdrawal"
        case .downgrade: "downgrade"
        case .handOver: "hand-over"
        case .forceRelease: "forced release"
        }
    }
}
