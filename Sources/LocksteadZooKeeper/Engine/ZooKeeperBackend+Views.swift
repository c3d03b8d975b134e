import Jute
package import Lockstead

extension ZooKeeperBackend {
    package func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        let deadline = limit(deadline)
        await watches.allBegun(until: min(deadline, time.now.advanced(by: .seconds(1))), on: time)
        return try await persistently(until: deadline) { (session) throws(LockError) in
            try await description(of: name, session, deadline)
        }
    }

    private func description(
        of name: LockName, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(LockError) -> LockDescription? {
        let queue = try await queue(of: naming.paths(of: name), session, deadline)
        guard let kind = queue.kind else { return nil }
        let standings = try await standings(in: queue, session, deadline)
        return standings.description(of: name, kind, at: time.wallClockNanoseconds / 1_000_000)
    }

    /// Who is in the queue of a name, with what those say who hold, and the first of those who wait.
    func queue(
        of paths: LockPaths, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(LockError) -> ContenderQueue {
        do throws(ZooKeeperError) {
            var queue = try await freshQueues(of: [paths], on: session, deadline)[0]
            let count = queue.holderCount + QueueStandings<Contender>.waitersTold
            let (told, rest) = (queue.contenders.prefix(count), queue.contenders.dropFirst(count))
            queue.contenders = try await read(Array(told), of: paths, on: session, deadline) + rest
            return queue
        } catch { throw Self.notAsked(session.explained(error)) }
    }

    /// Reads the other queues of those that want several names.
    func standings(
        in queue: ContenderQueue, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(LockError) -> QueueStandings<Contender> {
        try await QueueStandings(of: queue) { (contender) throws(LockError) in
            try await holdsAll(contender, session, deadline)
        }
    }

    private func holdsAll(
        _ contender: Contender, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(LockError) -> Bool {
        guard let names = contender.record?.names, names.count > 1, let request = contender.name.request else {
            return true
        }
        let start = engine.layout.start(of: request)
        do throws(ZooKeeperError) {
            let queues = try await freshQueues(of: names.map(naming.paths), on: session, deadline)
            return queues.allSatisfy { queue in
                // One that is gone has ended since.
                queue.holders.contains { $0.name.text.hasPrefix(start) }
                    || !queue.contenders.contains { $0.name.text.hasPrefix(start) }
            }
        } catch { throw Self.notAsked(error) }
    }

    package func list(
        prefix: String, limit: Int, deadline: ContinuousTime
    ) async throws(LockError) -> [LockDescription] {
        guard limit > 0 else { return [] }
        let deadline = self.limit(deadline)
        await watches.allBegun(until: min(deadline, time.now.advanced(by: .seconds(1))), on: time)
        return try await persistently(isWalk: true, until: deadline) { (session) throws(LockError) in
            let names = try await walk(under: prefix, session, deadline).queues.keys.sorted()
            var described: [LockDescription] = []
            for name in names where described.count < limit {
                if let lock = try await description(of: name, session, deadline) { described.append(lock) }
            }
            return described
        }
    }

    /// What lies under a prefix.
    struct Walk: Sendable {
        /// The names that somebody holds or waits for, and who is there, unread.
        var queues: [LockName: ContenderQueue] = [:]
        /// The names whose registers were ever written.
        var registers: Set<LockName> = []
    }

    /// Finds all names that begin with a text.
    ///
    /// ZooKeeper has no search: every node is asked for its children, level by level.
    func walk(
        under prefix: String, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(LockError) -> Walk {
        do throws(ZooKeeperError) {
            _ = try await session.ask(.sync(path: naming.rootNode), until: deadline)
            var (level, found) = ([naming.rootNode], Walk())
            while !level.isEmpty {
                let calls = level.map { session.send(.getChildren(path: $0, watch: false), until: deadline) }
                var below: [String] = []
                for (path, call) in zip(level, calls) {
                    let children = try await children(call)
                    if let name = naming.name(ofQueue: path), name.text.utf8.starts(with: prefix.utf8) {
                        found.add(name, children)
                    }
                    below += children.filter { naming.mayHoldNames($0) }.map {
                        path == "/" ? "/" + $0 : path + "/" + $0
                    }
                    .filter { naming.mayLead($0, to: prefix) }
                }
                level = below
            }
            return found
        } catch { throw Self.notAsked(session.explained(error)) }
    }

    private func children(_ call: ZKCall) async throws(ZooKeeperError) -> [String] {
        do throws(ZooKeeperError) {
            guard case .children(let children, _) = try await call.value(on: time).get().result else { return [] }
            return children
        } catch {
            // Gone since, or not ours to see.
            guard error.code == .noNode || error.code == .permissionDenied else { throw error }
            return []
        }
    }
}

extension ZooKeeperBackend.Walk {
    fileprivate mutating func add(_ name: LockName, _ children: [String]) {
        let queue = ContenderQueue(children: children)
        if queue.kind != nil { queues[name] = queue }
        // The token outlives the value.
        if children.contains(LockPaths.registerTokenEnd) { registers.insert(name) }
    }
}

extension LockNaming {
    /// Whether a node may lie on the way to a lock: contenders and our own nodes do not.
    fileprivate func mayHoldNames(_ child: String) -> Bool {
        ContenderName(child) == nil && !child.hasPrefix("~sessions") && !child.hasPrefix("~register-")
            && !(root.isEmpty && child == "zookeeper")
    }

    /// Whether names below a node can begin with a text.
    fileprivate func mayLead(_ path: String, to prefix: String) -> Bool {
        guard let name = name(ofQueue: path)?.text else { return false }
        return name.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: (name + "/").utf8) || prefix == name
    }
}
