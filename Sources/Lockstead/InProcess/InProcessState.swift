import LockCore

/// What a store keeps under its mutex: the table, who waits for it, and who listens.
///
/// Decides and collects; never resumes, rings or tells (see `Aftermath`).
struct InProcessState: Sendable {
    private(set) var table: LockTable
    private var effects: [Effect] = []
    var clients: [InProcessClient.ID: InProcessClient] = [:]
    /// Those of the clients that acquire nothing any more; nearly always none.
    ///
    /// A stopped client's grants stay until they are released.
    var stopped: Set<InProcessClient.ID> = []
    var waits = InProcessWaits()
    var readers: [UInt64: ChangeReader] = [:]
    var news = NewsQueue()
    var aftermath = Aftermath()
    /// How often a suspended call was resumed.
    private(set) var resumptions = 0
    /// No driver sleeps longer than until then.
    private var alarm = LogTime.distantFuture
    private var lastTicket: UInt64 = 0

    init(firstToken: FencingToken, at now: LogTime) {
        var limits = TableLimits()
        // Bounded by this process's own memory; nobody else pays for it.
        limits.grantsPerSession = 1_000_000
        // No other table is ever compared with this one.
        table = LockTable(firstToken: firstToken, at: now, limits: limits, keepsDigest: false)
    }

    #if DEBUG
        mutating func plant(_ bug: PlantedBug) { table.plantedBug = bug }
    #endif

    /// Tickets tell calls, readers and clients apart.
    mutating func drawTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    mutating func apply(_ command: Command, at now: LogTime) -> Answer {
        let answer = table.apply(command, at: now, effects: &effects)
        for effect in effects { takeIn(effect) }
        effects.removeAll(keepingCapacity: true)
        if let due = table.nextDue, due < alarm { ringDrivers(for: due) }
        return answer
    }

    /// `nil` where the table has to look closer.
    mutating func acquireUncontended(
        _ request: RequestID, _ owner: OwnerID, _ names: [LockName], _ note: HolderNote, _ session: SessionID,
        at now: LogTime
    ) -> FencingToken? {
        guard readers.isEmpty, !stopped.contains(session.high) else { return nil }
        return table.acquireUncontended(
            session: session, request: request, owner: owner, names: names, note: note, at: now)
    }

    /// Reads no clock: where no timer runs, a release needs no time.
    mutating func releaseUncontended(_ name: LockName, _ token: FencingToken, _ session: SessionID) -> Bool {
        guard readers.isEmpty, table.nextDue == nil else { return false }
        return table.releaseUncontended(session: session, name: name, token: token, at: nil)
    }

    /// Ends a grant and makes that of the one who waits for it, where nothing but its resumption is left to do.
    ///
    /// - Returns: The grant, and who is to be told; `nil` where the table has to look closer.
    mutating func passOn(
        _ name: LockName, _ token: FencingToken, _ session: SessionID, at now: LogTime
    ) -> (GrantRecord, WaitContinuation)? {
        guard readers.isEmpty, stopped.isEmpty, let next = table.nextPlainWaiter(of: name),
            let continuation = waits.onlyCall(of: next),
            let grant = table.passOn(session: session, name: name, token: token, at: now)
        else { return nil }
        _ = waits.remove(next)
        resumptions += 1
        return (grant, continuation)
    }

    /// Lets a plain request wait by the table's short way; it is suspended already.
    ///
    /// - Returns: `nil` where it waits; else what to tell it at once.
    mutating func queue(_ call: InProcessWaits.Call, _ request: LockRequest, at now: LogTime) -> WaitResult? {
        // Under the mutex: a cancellation from here on finds the call.
        guard !Task.isCancelled else { return .failed(.withdrawn) }
        guard readers.isEmpty, !stopped.contains(call.client),
            table.queuePlainly(request.command(in: call.session), at: now)
        else { return .notPlain }
        waits.add(call, for: request.id)
        if let due = table.nextDue, due < alarm { ringDrivers(for: due) }
        return nil
    }

    private mutating func takeIn(_ effect: Effect) {
        if !readers.isEmpty { publish(effect) }
        switch effect {
        case .granted(let record): settle(record.request, .granted(record))
        case .waitEnded(let event, .timedOut): settle(event.request, .busy(describeFirst(of: event.names)))
        case .waitEnded(let event, .cancelled): settle(event.request, .failed(.withdrawn))
        case .waitEnded(let event, .sessionLost): settle(event.request, .failed(LockError(.unknownSession)))
        case .waitEnded(let event, .refused(let refusal)): settle(event.request, .failed(LockError(refusal)))
        case .expired(let event, .holdLimit): notify(event, .holdLimit)
        case .expired(let event, .session): notify(event, .expired)
        case .revoked(let event, let reason): notify(event, .revoked(reason))
        // Its holder was told when it was revoked.
        case .expired(_, .revocation): break
        case .downgraded, .released, .queued, .deadlockFound, .sessionLost, .registerChanged: break
        }
    }

    /// The one place that ends waits.
    private mutating func settle(_ request: RequestID, _ result: WaitResult) {
        for call in waits.remove(request) { settle(call, result) }
    }

    /// Resumes a call that waits; one that is not suspended yet will find its result.
    mutating func settle(_ call: InProcessWaits.Call, _ result: WaitResult) {
        let result = stopped.contains(call.client) ? result.afterTheStop : result
        if let continuation = call.continuation {
            aftermath.resumptions.append((continuation, result))
            resumptions += 1
        } else {
            waits.keep(result, for: call.ticket)
        }
    }

    /// What is left to do; taken as the last act under the mutex.
    mutating func takeAftermath() -> Aftermath {
        if news.needsTeller() { aftermath.hasNews = true }
        guard !aftermath.isEmpty else { return Aftermath() }
        defer { aftermath = Aftermath() }
        return aftermath
    }
}

// MARK: Drivers

extension InProcessState {
    /// When the table next does something by itself; whoever asks is expected to sleep no longer than until then.
    mutating func setAlarm() -> LogTime? {
        alarm = table.nextDue ?? .distantFuture
        return table.nextDue
    }

    /// Every driver sleeps until the same time, so all are told; a process has few clients.
    mutating func ringDrivers(for due: LogTime) {
        alarm = due
        for client in clients.values where client.drives { aftermath.bells.append(client.bell) }
    }
}

// MARK: Views

extension InProcessState {
    func describe(_ name: LockName) -> LockDescription? {
        table.view(of: name).map { LockDescription($0, at: table.logTime) { _ in nil } }
    }

    func register(of name: LockName) -> Register { Register(table.register(of: name), at: table.logTime) }

    var logTime: LogTime { table.logTime }

    func list(prefix: String, limit: Int) -> [LockDescription] {
        table.list(prefix: prefix, limit: limit).map { LockDescription($0, at: table.logTime) { _ in nil } }
    }

    /// The first of the names that is not free.
    func describeFirst(of names: [LockName]) -> LockDescription? {
        names.lazy.compactMap { self.describe($0) }.first
    }
}
