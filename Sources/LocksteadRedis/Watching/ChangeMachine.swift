import Lockstead

/// Adds to what the scripts tell what nobody tells: that a grant ran out, and that a register's value ended.
///
/// Knows the grants that it heard of, and when each is over if nothing more is heard; then the server is asked, since renewals are not told.
struct ChangeMachine: Sendable {
    private struct Grant: Sendable {
        var change: LockChange
        var due: ContinuousTime
    }

    private var grants: [LockName: [FencingToken: Grant]] = [:]
    private var registers: [LockName: (change: LockChange, due: ContinuousTime)] = [:]

    /// When a name is to be asked about next.
    var nextDue: ContinuousTime? {
        (grants.values.flatMap { $0.values.map(\.due) } + registers.values.map(\.due)).min()
    }

    /// Whose time has come.
    func due(at now: ContinuousTime) -> (locks: [LockName], registers: [LockName]) {
        (
            grants.filter { $0.value.values.contains { $0.due <= now } }.map(\.key).sorted(),
            registers.filter { $0.value.due <= now }.map(\.key).sorted()
        )
    }

    /// What to tell of a message.
    mutating func heard(_ message: ChangeMessage, at now: ContinuousTime) -> [LockChange] {
        let (change, name) = (message.change, message.change.name)
        switch change.kind {
        case .granted: return ends(before: change, at: now) + [note(change, message.span, now)]
        case .downgraded: return [note(change, message.span, now)]
        case .released: if let token = change.token { forget(name, token) }
        case .registerChanged:
            registers[name] = message.span.map { (change, now.advanced(by: $0 + Self.afterwards)) }
        case .expired, .revoked, .queued, .waitEnded: break
        }
        return [change]
    }

    /// So that the server is asked after the end, not at it.
    private static let afterwards = Duration.milliseconds(3)

    private mutating func note(_ change: LockChange, _ span: Duration?, _ now: ContinuousTime) -> LockChange {
        guard let token = change.token, let span else { return change }
        grants[change.name, default: [:]][token] = Grant(change: change, due: now.advanced(by: span + Self.afterwards))
        return change
    }

    /// Where an exclusive grant comes, all that was there has ended; where a shared one comes, the exclusive one has.
    private mutating func ends(before change: LockChange, at now: ContinuousTime) -> [LockChange] {
        let over = grants[change.name, default: [:]].filter { token, grant in
            token != change.token && (change.mode == .exclusive || grant.change.mode == .exclusive)
        }
        return over.keys.sorted().map { expire(change.name, $0) }.compactMap(\.self)
    }

    private mutating func expire(_ name: LockName, _ token: FencingToken) -> LockChange? {
        guard var change = grants[name]?[token]?.change else { return nil }
        forget(name, token)
        change.kind = .expired
        return change
    }

    private mutating func forget(_ name: LockName, _ token: FencingToken) {
        grants[name]?[token] = nil
        if grants[name]?.isEmpty ?? false { grants[name] = nil }
    }

    /// The grants of a name that are known to live.
    func tokens(of name: LockName) -> Set<FencingToken> { Set(grants[name, default: [:]].keys) }

    /// The server did not answer: ask again in a while.
    mutating func postpone(_ name: LockName, at now: ContinuousTime) {
        let due = now.advanced(by: Self.longestPause)
        for token in tokens(of: name) { grants[name]?[token]?.due = due }
        registers[name]?.due = due
    }

    /// What the server said about a lock: whichever of the suspects it does not name any more has run out.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - description: What the server said of it.
    ///   - suspects: What was known when the server was asked: later ones it could not name.
    ///   - now: The time of the answer.
    /// - Returns: What to tell.
    mutating func read(
        _ name: LockName, _ description: LockDescription?, _ suspects: Set<FencingToken>, at now: ContinuousTime
    ) -> [LockChange] {
        let live = (description?.holders ?? []).filter { $0.phase == .held || $0.phase == .revoked }
        var told: [LockChange] = []
        for token in tokens(of: name).intersection(suspects).sorted() {
            if let holder = live.first(where: { $0.token == token }) {
                let rest = max(holder.remaining ?? Self.longestPause, Self.afterwards)
                grants[name]?[token]?.due = now.advanced(by: rest + Self.afterwards)
            } else if let change = expire(name, token) {
                told.append(change)
            }
        }
        return told
    }

    private static let longestPause = Duration.seconds(1)

    /// Begins with who holds a lock already.
    mutating func begin(_ description: LockDescription, at now: ContinuousTime) {
        for holder in description.holders where holder.phase == .held || holder.phase == .revoked {
            guard holder.token.rawValue > 0, let rest = holder.remaining else { continue }
            let change = LockChange(
                name: description.name, kind: .granted, token: holder.token, owner: holder.owner, mode: holder.mode,
                note: holder.note)
            _ = note(change, rest, now)
        }
    }

    /// What the server said about a register.
    mutating func read(_ name: LockName, _ register: Register, at now: ContinuousTime) -> [LockChange] {
        guard var change = registers[name]?.change else { return [] }
        if register.value != nil, let rest = register.remaining {
            registers[name]?.due = now.advanced(by: rest + Self.afterwards)
            return []
        }
        registers[name] = nil
        guard register.value == nil else { return [] }
        // Whoever stored it does not hold the lock any more, as far as anyone can tell.
        (change.owner, change.note, change.mode) = (OwnerID(high: 0, low: 0), HolderNote(), .exclusive)
        return [change]
    }
}
