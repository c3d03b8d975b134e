/// A small value beside a lock, under the lock's name.
///
/// Exists while it has a value, or while its name is held or awaited; what it remembers beyond that is in `registerFloor`.
struct RegisterRecord: SlabRecord {
    var name: LockName
    /// The newest token it has seen: no older one changes it (S6).
    var token: FencingToken
    /// The token that the value was stored under.
    var writer: FencingToken
    var value: [UInt8]?
    /// `vacant` where there is no value.
    var revision: RegisterRevision
    /// When the value ends; `.distantFuture` where it is kept.
    var until: LogTime

    mutating func vacate() { (name, value) = (.vacant, nil) }
}

/// What a store is to leave in a register.
package enum RegisterContent: Sendable, Hashable {
    /// A value, which ends so long after it was stored; never, where `nil`.
    case value([UInt8], keptFor: TimeSpan? = nil)
    case nothing
    /// What is there; only the token is noted (RULES 8, `enter`).
    case unchanged
}

extension Command {
    package struct Store: Sendable, Hashable {
        package var name: LockName
        /// A grant of the name, live or not.
        package var token: FencingToken
        package var content: RegisterContent
        /// The revision that the store rests on; `nil` for whichever.
        package var after: RegisterRevision?
        package init(name: LockName, token: FencingToken, content: RegisterContent, after: RegisterRevision? = nil) {
            (self.name, self.token, self.content, self.after) = (name, token, content, after)
        }
    }
}

/// How a store ended.
package enum StoreAnswer: Sendable, Hashable {
    case stored(RegisterView)
    /// The register has seen a newer token, or may have.
    case stale(newest: FencingToken)
    /// Its revision is another one than the store rests on.
    case changed(RegisterView)
}

/// One register as the table sees it.
package struct RegisterView: Sendable, Hashable {
    package var value: [UInt8]?
    /// `nil` where the table remembers none for this name.
    package var token: FencingToken?
    package var writer: FencingToken?
    package var revision: RegisterRevision
    /// When the value ends.
    package var until: LogTime?

    package init(
        value: [UInt8]? = nil, token: FencingToken? = nil, writer: FencingToken? = nil,
        revision: RegisterRevision = .vacant, until: LogTime? = nil
    ) {
        (self.value, self.token, self.writer) = (value, token, writer)
        (self.revision, self.until) = (revision, until)
    }
}

/// A value was stored, removed, or came to its end.
package struct RegisterEvent: Sendable, Hashable {
    package var name: LockName
    package var token: FencingToken
    /// Who holds the name under that token, if anyone still does.
    package var holder: HolderEvent?

    package init(name: LockName, token: FencingToken, holder: HolderEvent? = nil) {
        (self.name, self.token, self.holder) = (name, token, holder)
    }
}
