import Lockstead

/// Turns what happens to keys into what happens to locks, by the queue of each name.
struct ChangeMachine: Sendable {
    /// What happened to one contender's key.
    enum Event: Sendable {
        /// It was made or written.
        case written(Contender)
        /// It was deleted; whether its lease is gone too.
        case deleted(KeyBytes, leaseIsGone: Bool)
    }

    private var queues: [LockName: ContenderQueue] = [:]

    init(_ queues: [LockName: ContenderQueue]) { self.queues = queues }

    /// The lease of a holder whose key was deleted and who may have run out: to be asked about before the deletion is told.
    func leaseInQuestion(_ key: KeyBytes, of name: LockName) -> LeaseID? {
        guard let holder = queues[name]?.holders.first(where: { $0.key == key }),
            (holder.record?.phase ?? .plain) == .plain
        else { return nil }
        return holder.lease
    }

    /// What to tell of an event.
    mutating func heard(_ event: Event, of name: LockName) -> [LockChange] {
        let before = queues[name] ?? ContenderQueue([])
        var after = before
        let told: [LockChange]
        switch event {
        case .written(let contender): told = write(contender, name, before, &after)
        case .deleted(let key, let leaseIsGone): told = delete(key, leaseIsGone, name, before, &after)
        }
        queues[name] = after.contenders.isEmpty ? nil : after
        return told + comers(before, after, name)
    }

    /// What to tell of a register's value that was written, under a token, or that ended.
    func registerChanged(_ writer: FencingToken?, of name: LockName) -> LockChange {
        let holder = queues[name]?.holders.first { $0.token == writer }
        guard writer != nil, let holder else {
            return LockChange(
                name: name, kind: .registerChanged, token: writer, owner: .nobody, mode: .exclusive, note: HolderNote())
        }
        var change = holder.change(.registerChanged, of: name)
        change.token = writer
        return change
    }

    private func write(
        _ contender: Contender, _ name: LockName, _ before: ContenderQueue, _ after: inout ContenderQueue
    ) -> [LockChange] {
        guard let index = before.contenders.firstIndex(where: { $0.key == contender.key }) else {
            after = ContenderQueue(before.contenders + [contender])
            let holds = after.holders.contains { $0.key == contender.key }
            return holds ? [] : [contender.change(.queued, of: name)]
        }
        after.contenders[index] = contender
        let old = before.contenders[index]
        if old.mode == .exclusive, contender.mode == .shared { return [contender.change(.downgraded, of: name)] }
        let isRevoked = contender.record?.phase == .revoked || contender.record?.phase == .forced
        return isRevoked && old.record?.phase == .plain ? [contender.change(.revoked, of: name)] : []
    }

    private func delete(
        _ key: KeyBytes, _ leaseIsGone: Bool, _ name: LockName, _ before: ContenderQueue, _ after: inout ContenderQueue
    ) -> [LockChange] {
        guard let index = before.contenders.firstIndex(where: { $0.key == key }) else { return [] }
        after.contenders.remove(at: index)
        let gone = before.contenders[index]
        guard index < before.holderCount else { return [gone.change(.waitEnded, of: name)] }
        switch gone.record?.phase ?? .plain {
        // That it was taken away has been told.
        case .forced: return []
        case .ended: return [gone.change(.expired, of: name)]
        case .plain, .revoked: return [gone.change(leaseIsGone ? .expired : .released, of: name)]
        }
    }

    /// Who holds now and did not before.
    private func comers(_ before: ContenderQueue, _ after: ContenderQueue, _ name: LockName) -> [LockChange] {
        let earlier = Set(before.holders.map(\.key))
        return after.holders.filter { !earlier.contains($0.key) }.map { $0.change(.granted, of: name) }
    }
}

extension Contender {
    fileprivate func change(_ kind: LockChange.Kind, of name: LockName) -> LockChange {
        let hasToken = kind != .queued && kind != .waitEnded
        return LockChange(
            name: name, kind: kind, token: hasToken ? token : nil, owner: record?.owner ?? .nobody, mode: mode,
            note: note)
    }
}
