package import LockCore

/// Turns what happens to keys into what happens to locks, by the queue of each name.
package struct QueueChanges<Contender: QueuedContender>: Sendable {
    /// What happened to one contender's key.
    package enum Event: Sendable {
        /// It was made or written.
        case written(Contender)
        /// It is to give the lock back, which is written to it at the same moment.
        case revoked(Contender.Key)
        /// It was deleted.
        case deleted(Contender.Key, Departure)
    }

    /// Why a holder's key was deleted, where nothing that was written to it says so.
    package enum Departure: Sendable {
        /// Its client gave the lock back.
        case left
        /// Its time or its lease was over.
        case ranOut
        /// Somebody took the lock away from it.
        case takenAway
    }

    /// One request in the queue of one name.
    private struct Place: Hashable {
        let name: LockName
        let created: Int64
    }

    /// Who is where, as far as was heard.
    package private(set) var queues: [LockName: StoredQueue<Contender>]
    /// What the names begin with whose keys are heard of.
    private let prefix: String
    /// Who was told to hold, or did so from the beginning.
    private var holding: Set<Place> = []
    /// Which of them were told to be revoked.
    private var revoked: Set<Place> = []
    /// Requests for several names that came with the events of one revision: the other keys may come after.
    private var arrivals: [(name: LockName, contender: Contender)] = []

    package init(_ queues: [LockName: StoredQueue<Contender>], prefix: String = "") {
        (self.queues, self.prefix) = (queues, prefix)
        for name in queues.keys { _ = comers(to: name) }
    }

    /// The holder whose key was deleted, where it may have run out: to be asked about before the deletion is told.
    package func holderInQuestion(_ key: Contender.Key, of name: LockName) -> Contender? {
        guard let holder = queues[name]?.contenders.first(where: { $0.key == key }),
            holding.contains(Place(name: name, created: holder.created))
        else { return nil }
        return switch holder.record?.phase ?? .plain {
        case .plain, .revoked: holder
        case .forced, .ended: nil
        }
    }

    /// What to tell of an event.
    package mutating func heard(_ event: Event, of name: LockName) -> [LockChange] {
        let before = queues[name] ?? StoredQueue<Contender>([])
        var after = before
        let told: [LockChange]
        switch event {
        case .written(let contender): told = write(contender, name, before, &after)
        case .revoked(let key):
            let holder = before.contenders.first { $0.key == key && ($0.record?.phase ?? .plain) == .plain }
            told = holder.map { revoke($0, name) } ?? []
        case .deleted(let key, let departure): told = delete(key, departure, name, before, &after)
        }
        queues[name] = after.contenders.isEmpty ? nil : after
        let names = after.holders.reduce(into: [name]) { names, holder in
            names += holder.otherNames(than: name).filter { !names.contains($0) }
        }
        return told + names.flatMap { comers(to: $0) }
    }

    /// Whether a request for several names has come with some of its keys, and the others are on their way.
    package var awaitsMore: Bool {
        arrivals.contains { name, contender in
            queues[name]?.contenders.contains { $0.key == contender.key } ?? false
                && contender.otherNames(than: name).filter { $0.text.utf8.starts(with: prefix.utf8) }.contains {
                    other in
                    !(queues[other]?.contenders.contains { $0.created == contender.created } ?? false)
                }
        }
    }

    /// What to tell after the last event of a revision.
    package mutating func settle() -> [LockChange] {
        defer { arrivals = [] }
        return arrivals.filter { name, contender in
            !holding.contains(Place(name: name, created: contender.created))
                && queues[name]?.contenders.contains { $0.key == contender.key } ?? false
        }.map { $0.contender.change(.queued, of: $0.name) }
    }

    /// What to tell of a register's value that was written, under a token, or that ended.
    package func registerChanged(_ writer: FencingToken?, of name: LockName) -> LockChange {
        let holder = queues[name]?.holders.first { $0.token == writer }
        guard writer != nil, let holder else {
            return LockChange(
                name: name, kind: .registerChanged, token: writer, owner: .nobody, mode: .exclusive, note: HolderNote())
        }
        var change = holder.change(.registerChanged, of: name)
        change.token = writer
        return change
    }

    private mutating func write(
        _ contender: Contender, _ name: LockName, _ before: StoredQueue<Contender>,
        _ after: inout StoredQueue<Contender>
    ) -> [LockChange] {
        guard let index = before.contenders.firstIndex(where: { $0.key == contender.key }) else {
            after = StoredQueue(before.contenders + [contender])
            guard contender.otherNames(than: name).isEmpty else {
                arrivals.append((name, contender))
                return []
            }
            let holds = after.holders.contains { $0.key == contender.key }
            return holds ? [] : [contender.change(.queued, of: name)]
        }
        after.contenders[index] = contender
        let old = before.contenders[index]
        if old.mode == .exclusive, contender.mode == .shared { return [contender.change(.downgraded, of: name)] }
        let isRevoked = contender.record?.phase == .revoked || contender.record?.phase == .forced
        return isRevoked && old.record?.phase == .plain ? revoke(contender, name) : []
    }

    /// Once for each.
    private mutating func revoke(_ holder: Contender, _ name: LockName) -> [LockChange] {
        revoked.insert(Place(name: name, created: holder.created)).inserted ? [holder.change(.revoked, of: name)] : []
    }

    private mutating func delete(
        _ key: Contender.Key, _ departure: Departure, _ name: LockName, _ before: StoredQueue<Contender>,
        _ after: inout StoredQueue<Contender>
    ) -> [LockChange] {
        guard let index = before.contenders.firstIndex(where: { $0.key == key }) else { return [] }
        after.contenders.remove(at: index)
        arrivals.removeAll { $0.name == name && $0.contender.key == key }
        let gone = before.contenders[index]
        let place = Place(name: name, created: gone.created)
        defer { revoked.remove(place) }
        guard holding.remove(place) != nil else { return [gone.change(.waitEnded, of: name)] }
        switch (gone.record?.phase ?? .plain, departure) {
        // That is told once.
        case (.forced, _), (_, .takenAway): return revoke(gone, name)
        case (.ended, _), (_, .ranOut): return [gone.change(.expired, of: name)]
        case (.plain, .left), (.revoked, .left): return [gone.change(.released, of: name)]
        }
    }

    /// Who holds now and did not before.
    private mutating func comers(to name: LockName) -> [LockChange] {
        (queues[name]?.holders ?? []).filter { holdsAll($0, besides: name) }
            .filter { holding.insert(Place(name: name, created: $0.created)).inserted }
            .map { $0.change(.granted, of: name) }
    }

    /// Whether a request that is first in one queue is so in those of its other names, as far as they are heard of.
    private func holdsAll(_ contender: Contender, besides name: LockName) -> Bool {
        contender.otherNames(than: name).filter { $0.text.utf8.starts(with: prefix.utf8) }.allSatisfy { other in
            // The keys of one request have one place.
            queues[other]?.holders.contains { $0.created == contender.created } ?? false
        }
    }
}

extension QueuedContender {
    /// The other names that its request wants.
    fileprivate func otherNames(than name: LockName) -> [LockName] { record?.names.filter { $0 != name } ?? [] }

    fileprivate func change(_ kind: LockChange.Kind, of name: LockName) -> LockChange {
        let hasToken = kind != .queued && kind != .waitEnded
        return LockChange(
            name: name, kind: kind, token: hasToken ? token : nil, owner: record?.owner ?? .nobody, mode: mode,
            note: note)
    }
}
