package import Lockstead

extension EtcdBackend {
    /// So many keys are read in one step of a listing.
    private static let pageSize = 1_000

    package func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        let deadline = limit(deadline)
        await watches.allBegun(until: min(deadline, time.now.advanced(by: .seconds(1))), on: time)
        let queue = try await queue(of: name, deadline).queue
        guard let kind = queue.kind else { return nil }
        let standings = try await standings(in: queue, deadline)
        return describe(name, kind, standings, await remaining(of: standings.holders[...], deadline))
    }

    /// Reads the other queues of those that want several names.
    func standings(in queue: ContenderQueue, _ deadline: ContinuousTime) async throws(LockError) -> QueueStandings<
        Contender
    > {
        try await QueueStandings(of: queue) { (contender) throws(LockError) in
            try await holdsAll(contender, deadline)
        }
    }

    private func holdsAll(_ contender: Contender, _ deadline: ContinuousTime) async throws(LockError) -> Bool {
        guard let names = contender.record?.names, names.count > 1, let request = contender.request else { return true }
        for name in names {
            let own = naming.keys(of: name).contender(contender.lease, request)
            let queue = try await queue(of: name, deadline).queue
            // One that is gone has ended since.
            switch QueueStanding(of: own, created: contender.created, in: queue) {
            case .granted, .gone: continue
            case .behind, .short, .mismatch: return false
            }
        }
        return true
    }

    /// Who is in the queue of a name, and the revision that was read.
    func queue(
        of name: LockName, _ deadline: ContinuousTime
    ) async throws(LockError) -> (queue: ContenderQueue, revision: Int64) {
        let keys = naming.keys(of: name)
        switch await ask(Etcdserverpb_RangeRequest(keys.contenders), until: deadline, .usual) {
        case .success(let answered):
            return (ContenderQueue(answered.answer, of: keys), answered.answer.header.revision)
        case .failure(let error): throw Self.notAsked(error)
        }
    }

    /// How long the leases of holders still have, as far as the cluster tells.
    func remaining(
        of holders: ArraySlice<Contender>, _ deadline: ContinuousTime
    ) async -> [LeaseID: Duration] {
        var remaining: [LeaseID: Duration] = [:]
        for lease in Set(holders.prefix(QueueStandings<Contender>.waitersTold).map(\.lease)) where time.now < deadline {
            if let rest = await timeToLive(of: lease, deadline), rest > 0 { remaining[lease] = .seconds(rest) }
        }
        return remaining
    }

    /// The whole seconds that a lease still has; 0 or less where it is gone, `nil` where nobody tells.
    func timeToLive(of lease: LeaseID, _ deadline: ContinuousTime) async -> Int64? {
        var request = Etcdserverpb_LeaseTimeToLiveRequest()
        request.id = lease.rawValue
        switch await ask(request, until: deadline, .usual) {
        case .success(let answered): return answered.answer.ttl
        case .failure(let error): return error.code == .noSuchLease ? 0 : nil
        }
    }

    /// Whether a session's key was there at a revision; `nil` where nobody tells.
    func isSigned(_ session: LeaseID, at revision: Int64, _ deadline: ContinuousTime) async -> Bool? {
        var request = Etcdserverpb_RangeRequest(KeyRange(only: naming.sign(of: session)))
        (request.revision, request.countOnly) = (revision, true)
        guard case .success(let answered) = await ask(request, until: deadline, .usual) else { return nil }
        return answered.answer.count > 0
    }

    private func describe(
        _ name: LockName, _ kind: LockKind, _ standings: QueueStandings<Contender>,
        _ remaining: [LeaseID: Duration] = [:]
    ) -> LockDescription {
        let now = time.wallClockNanoseconds / 1_000_000
        return standings.description(of: name, kind, at: now) { remaining[$0.lease] }
    }

    package func list(
        prefix: String, limit: Int, deadline: ContinuousTime
    ) async throws(LockError) -> [LockDescription] {
        guard limit > 0 else { return [] }
        let deadline = self.limit(deadline)
        await watches.allBegun(until: min(deadline, time.now.advanced(by: .seconds(1))), on: time)
        let queues = try await queues(under: prefix, deadline).queues
        var described: [LockDescription] = []
        for name in queues.keys.sorted().prefix(limit) {
            guard let queue = queues[name], let kind = queue.kind else { continue }
            described.append(describe(name, kind, try await standings(in: queue, deadline)))
        }
        return described
    }

    /// All queues of names that begin with a text, read page by page as of one revision.
    func queues(
        under start: String, _ deadline: ContinuousTime
    ) async throws(LockError) -> (queues: [LockName: ContenderQueue], revision: Int64) {
        var request = Etcdserverpb_RangeRequest(naming.range(under: start), limit: Self.pageSize)
        var (found, revision, isWhole) = ([LockName: [Contender]](), Int64(0), false)
        while !isWhole {
            switch await ask(request, until: deadline, .usual) {
            case .failure(let error): throw Self.notAsked(error)
            case .success(let answered):
                let answer = answered.answer
                if revision == 0 { revision = answer.header.revision }
                for pair in answer.kvs { naming.sort(pair, into: &found) }
                isWhole = !answer.more || answer.kvs.isEmpty
                // The next key there can be.
                request.key = (answer.kvs.last?.key ?? request.key) + [0]
                request.revision = revision
            }
        }
        let named = found.filter { $0.key.text.utf8.starts(with: start.utf8) }
        return (named.mapValues { ContenderQueue($0) }, revision)
    }
}

extension LockNaming {
    fileprivate func sort(_ pair: Etcdserverpb_KeyValue, into found: inout [LockName: [Contender]]) {
        let key = KeyBytes(pair.key)
        guard let (name, parts) = contender(key) else { return }
        found[name, default: []].append(Contender(pair, key, parts))
    }
}
