import Lockstead

/// One key in the queue of a name: it holds the lock or waits for it, as its place says.
struct Contender: Sendable, Hashable {
    var key: KeyBytes
    /// Its place in the queue, and its token.
    var created: Int64
    /// When it was last written.
    var modified: Int64
    var lease: LeaseID
    var request: RequestID?
    /// What its client says; `nil` where another program wrote it.
    var record: ContenderRecord?

    /// How it excludes others: another program's contends alone.
    var mode: LockMode { record?.mode ?? .exclusive }
    var token: FencingToken { FencingToken(rawValue: UInt64(max(0, created))) }
}

/// Who is in the queue of a name, in the order of their places.
struct ContenderQueue: Sendable, Hashable {
    var contenders: [Contender] = []

    init(_ contenders: [Contender]) { self.contenders = contenders.sorted { $0.created < $1.created } }

    /// How many at the front hold the lock.
    ///
    /// The one rule of the queue: readers until a writer, permits while there are any, else one. None is overtaken (RULES 14).
    var holderCount: Int {
        guard let first = contenders.first else { return 0 }
        switch first.mode {
        case .exclusive: return 1
        case .shared: return contenders.prefix { $0.mode == .shared }.count
        case .permits(_, let limit): return permitHolders(of: limit)
        }
    }

    private func permitHolders(of limit: Int) -> Int {
        var (free, count) = (limit, 0)
        for contender in contenders {
            guard case .permits(let wanted, limit) = contender.mode, wanted <= free else { break }
            (free, count) = (free - wanted, count + 1)
        }
        return count
    }

    var holders: ArraySlice<Contender> { contenders.prefix(holderCount) }
    var waiters: ArraySlice<Contender> { contenders.dropFirst(holderCount) }

    /// What the name is in use as; `nil` where nobody is there.
    var kind: LockKind? { contenders.first?.mode.kind }

    /// Whether somebody is there who will be refused.
    var hasSeveralKinds: Bool { Set(contenders.lazy.filter { $0.record != nil }.map(\.mode.kind)).count > 1 }

    /// Whether one more at the end would hold the lock at once.
    func admits(_ mode: LockMode) -> Bool {
        var queue = self
        queue.contenders.append(
            Contender(key: [], created: .max, modified: .max, lease: LeaseID(rawValue: 0), record: .probe(mode)))
        return queue.holderCount == queue.contenders.count
    }
}

extension ContenderRecord {
    /// Somebody who only wants to know.
    fileprivate static func probe(_ mode: LockMode) -> Self {
        Self(mode: mode, owner: OwnerID(high: 0, low: 0), since: 0, lease: 0, note: HolderNote())
    }
}
