import LockCore
import SeededRandom

/// What a walk lets happen.
extension TableWalk {
    mutating func command() -> Command {
        switch Int.random(in: 0..<100, using: &draw) {
        case 0..<33: .acquire(acquire())
        case 33..<36: .acquire(reissued() ?? acquire())
        case 36..<58: isCrowded && chance(70) ? .acquire(acquire()) : release()
        case 58..<62:
            .release(
                .init(
                    session: session(), names: [name()],
                    token: FencingToken(rawValue: UInt64.random(in: 0...99, using: &draw))))
        case 62..<67: cancel()
        case 67..<72: .renew(session())
        case 72..<75: .expire(session(), generation: UInt64.random(in: 0...6, using: &draw))
        case 75..<77: .expire(session(), generation: table.sessions.first?.generation ?? 0)
        case 77..<84:
            .openSession(.init(session: session(), timeToLive: .seconds(Int64.random(in: 0...9, using: &draw))))
        case 84..<85: .closeSession(session())
        case 85..<89: downgrade()
        case 89..<93: handOver()
        case 93..<95: .forceRelease(.init(name: name(), reason: "walk", now: chance(30)))
        case 95..<97: .validate(name(), grants.randomElement(using: &draw)?.token ?? FencingToken(rawValue: 7))
        case 97: .configure(configuration())
        default: .advance
        }
    }

    mutating func configuration() -> Command.Configure {
        switch Int.random(in: 0..<12, using: &draw) {
        case 0: .recover(until: now + .seconds(2))
        case 1: .raiseToken(atLeast: FencingToken(rawValue: UInt64.random(in: 0...5_000, using: &draw)))
        case 2: .raiseFeatureLevel(UInt32.random(in: 0...3, using: &draw))
        default: .longestLease(.seconds(300))
        }
    }

    mutating func acquire() -> Command.Acquire {
        let mode = mode()
        let session = session()
        var request = Command.Acquire(
            session: session, request: freshRequest(), owner: owner(), names: names(for: mode), mode: mode)
        switch Int.random(in: 0..<10, using: &draw) {
        case 0..<2: request.waitUntil = nil
        case 2..<8: request.waitUntil = now + .milliseconds(Int64.random(in: -5...6_000, using: &draw))
        default: request.waitUntil = .distantFuture
        }
        if isCrowded { request.waitUntil = .distantFuture }
        request.fairness = chance(30) ? .barging : .fair
        request.ifOwned = chance(30) ? .enter : chance(20) ? .refuse : .wait
        if usesPriorities, chance(60) { request.priority = Int8.random(in: -2...3, using: &draw) }
        if chance(20) { request.lockDelay = .milliseconds(Int64.random(in: -1...2_000, using: &draw)) }
        if chance(15) { request.minimumHold = .milliseconds(Int64.random(in: -1...1_500, using: &draw)) }
        if chance(15) { request.maximumHold = .milliseconds(Int64.random(in: 0...3_000, using: &draw)) }
        if chance(30) { request.dedup = dedup(session) }
        return request
    }

    /// A waiting request once more, under a sequence of its own and with another deadline (RULES 26).
    mutating func reissued() -> Command.Acquire? {
        guard var request = judge.waiting.randomElement(using: &draw) else { return nil }
        request.waitUntil = now + .milliseconds(Int64.random(in: 1...6_000, using: &draw))
        request.dedup = dedup(request.session)
        return request
    }

    mutating func release() -> Command {
        guard let grant = grants.randomElement(using: &draw) else { return .advance }
        let names = chance(85) ? grant.names : [name()]
        let owner = chance(90) ? grant.session : session()
        return .release(.init(session: owner, names: names, token: grant.token, dedup: chance(30) ? dedup(owner) : nil))
    }

    mutating func downgrade() -> Command {
        guard let grant = grants.last(where: { $0.mode == .exclusive }) else { return .advance }
        return .downgrade(.init(session: grant.session, names: grant.names, token: grant.token))
    }

    mutating func handOver() -> Command {
        guard let grant = grants.last(where: { $0.names.count == 1 && $0.mode == .exclusive }),
            let name = grant.names.first
        else {
            return .advance
        }
        let next = Command.Acquire(session: grant.session, request: freshRequest(), owner: owner(), names: [name])
        return .handOver(.init(session: grant.session, name: name, token: grant.token, to: next))
    }

    mutating func cancel() -> Command {
        if chance(60), let waiter = judge.waiting.randomElement(using: &draw) {
            return .cancel(waiter.session, waiter.request)
        }
        guard let grant = grants.randomElement(using: &draw) else { return .advance }
        return .cancel(grant.session, grant.request)
    }

    // MARK: Draws

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &draw) < percent }
    mutating func session() -> SessionID { SessionID(high: 1, low: UInt64.random(in: 1...4, using: &draw)) }
    mutating func owner() -> OwnerID {
        OwnerID(high: 2, low: UInt64.random(in: 1...(isCrowded ? 200 : 6), using: &draw))
    }

    mutating func freshRequest() -> RequestID {
        requests += 1
        return RequestID(high: 3, low: requests)
    }

    mutating func dedup(_ session: SessionID) -> Dedup {
        let sequence = sequences[session, default: 0] + 1
        sequences[session] = sequence
        return Dedup(sequence: sequence, doneThrough: sequence > 6 ? sequence - 6 : 0)
    }

    mutating func mode() -> LockMode {
        switch Int.random(in: 0..<10, using: &draw) {
        case 0..<5: .exclusive
        case 5..<8: .shared
        default: .permits(count: Int.random(in: 1...3, using: &draw), limit: 3)
        }
    }

    private static let readWriteNames = ["a", "b", "c"].compactMap { try? LockName($0) }  // literals that are names
    private static let semaphoreNames = ["s", "t"].compactMap { try? LockName($0) }  // literals that are names

    mutating func name() -> LockName {
        (Self.readWriteNames + Self.semaphoreNames).randomElement(using: &draw) ?? .vacant
    }

    mutating func names(for mode: LockMode) -> [LockName] {
        var pool = Self.readWriteNames
        if case .permits = mode { pool = Self.semaphoreNames }
        // One long queue, and one in which every overtaking happens twice.
        if isCrowded, mode == .exclusive { return Array(Self.readWriteNames.prefix(seed % 12 == 0 ? 2 : 1)) }
        if chance(2) { pool = Self.readWriteNames + Self.semaphoreNames }
        if chance(2) { return chance(50) ? [] : [pool[0], pool[0]] }
        let count = chance(70) ? 1 : Int.random(in: 1...2, using: &draw)
        return Array(pool.shuffled(using: &draw).prefix(count))
    }
}
