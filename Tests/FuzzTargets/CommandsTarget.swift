import LockCore

/// Any sequence of commands: no trap, every invariant after each, and a snapshot that loads as the same table.
enum CommandsTarget {
    static func feed(_ bytes: [UInt8]) {
        let table = table(after: bytes)
        let encoded = table.encoded()
        guard let restored = try? LockTable(decoding: encoded, limits: limits) else {
            broken("a snapshot of our own loads")
        }
        if restored.encoded() != encoded || restored.digest != table.digest { broken("a snapshot is the same table") }
    }

    /// The table that the commands in `bytes` lead to, looked at after each.
    static func table(after bytes: [UInt8]) -> LockTable {
        var source = ByteSource(bytes)
        var table = LockTable(limits: limits)
        var (now, tokens, highest) = (LogTime(nanoseconds: 0), [FencingToken(rawValue: 1)], UInt64(0))
        while !source.isAtEnd {
            now = now + source.span()
            let command = source.command(tokens: tokens, now: now)
            var effects: [Effect] = []
            let answer = table.apply(command, at: now, effects: &effects)
            if let violation = table.invariantViolation() { broken("\(violation), after \(command)") }
            for case .granted(let grant) in effects {
                if grant.token.rawValue <= highest { broken("tokens rise: \(grant.token) after \(highest)") }
                highest = grant.token.rawValue
            }
            if case .granted(let grant) = answer { tokens.append(grant.token) }
            if tokens.count > 6 { tokens.removeFirst() }
        }
        return table
    }

    /// Small, so that an input of a few hundred bytes reaches them.
    static var limits: TableLimits {
        var limits = TableLimits()
        limits.waitersPerName = 6
        limits.grantsPerSession = 8
        limits.sessionsPerIdentity = 4
        return limits
    }

    /// All kinds of commands, in many orders.
    static var seeds: [[UInt8]] {
        (1...24).map { seed in
            var state = UInt64(seed)
            return (0..<(seed * 40)).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 56)
            }
        }
    }
}

extension ByteSource {
    fileprivate mutating func command(tokens: [FencingToken], now: LogTime) -> Command {
        switch number(below: 16) {
        case 0: .openSession(.init(session: identifier(), identity: text(atMost: 2), timeToLive: span()))
        case 1: .closeSession(identifier())
        case 2: .renew(identifier(), dedup())
        case 3: .expire(identifier(), generation: UInt64(number(below: 4)))
        case 4: .cancel(identifier(), identifier())
        case 5, 6: .release(release(tokens))
        case 7: .downgrade(release(tokens))
        case 8: .handOver(.init(session: identifier(), name: name(), token: pick(tokens), to: acquire(now)))
        case 9: .validate(name(), pick(tokens))
        case 10: .forceRelease(.init(name: name(), reason: text(atMost: 3), now: flag()))
        case 11: .advance
        case 12: .configure(configure(now))
        default: .acquire(acquire(now))
        }
    }

    private mutating func configure(_ now: LogTime) -> Command.Configure {
        switch number(below: 4) {
        case 0: .raiseToken(atLeast: FencingToken(rawValue: wide() >> (byte() % 64)))
        case 1: .recover(until: now + span())
        case 2: .longestLease(span())
        default: .raiseFeatureLevel(UInt32(byte()))
        }
    }

    private mutating func acquire(_ now: LogTime) -> Command.Acquire {
        .init(
            session: identifier(), request: identifier(), owner: identifier(), names: names(), mode: mode(),
            waitUntil: flag() ? now + span() : nil, fairness: flag() ? .fair : .barging,
            priority: Int8(bitPattern: byte()), ifOwned: pick([.wait, .enter, .refuse]), lockDelay: span(),
            minimumHold: span(), maximumHold: flag() ? span() : nil,
            note: HolderNote(host: text(atMost: 2), purpose: flag() ? String(repeating: "x", count: 5000) : ""),
            dedup: dedup())
    }

    private mutating func release(_ tokens: [FencingToken]) -> Command.Release {
        .init(session: identifier(), names: names(), token: pick(tokens), dedup: dedup())
    }

    private mutating func dedup() -> Dedup? {
        guard flag() else { return nil }
        return Dedup(
            sequence: flag() ? UInt64(byte()) : wide(), doneThrough: flag() ? UInt64(byte()) : wide())
    }

    private mutating func mode() -> LockMode {
        switch number(below: 8) {
        case 0, 1, 2: .exclusive
        case 3, 4: .shared
        case 5: .permits(count: number(below: 4), limit: 3)
        case 6: .permits(count: Int(Int8(bitPattern: byte())), limit: Int(Int8(bitPattern: byte())))
        default: .permits(count: Int(bitPattern: UInt(wide())), limit: Int(bitPattern: UInt(wide())))
        }
    }

    private static let universe = ["a", "b", "c/d", "e"].compactMap { try? LockName($0) }  // All four are names.

    private mutating func name() -> LockName { pick(Self.universe) }

    /// Mostly one; unsorted, repeated and none too.
    private mutating func names() -> [LockName] {
        flag() ? [name()] : (0..<number(below: 5)).map { _ in name() }
    }
}
