#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import LockCore
internal import Synchronization

/// What a waiter saw when it last looked, and therefore what it waits for.
struct Outlook: Sendable {
    /// The state's sequence number then; any other number is news.
    var sequence: UInt64 = 0
    /// Whose end is news.
    var watching: [SessionID]
    /// When something falls due by itself for the first in the queue.
    var due: ContinuousTime?
    var armedAt: ContinuousTime

    init(_ state: NameState, _ session: SessionID, armedAt: ContinuousTime) {
        (watching, due, self.armedAt) = ([], nil, armedAt)
        guard case .waiting(let watching, let isFirst) = state.standing(of: session) else { return }
        if isFirst { due = state.table.nextDue.map(state.continuousTime) }
        let orphans = watching.compactMap(state.entry).filter(\.isOrphaned)
        self.watching = watching.filter { session in !orphans.contains { $0.session == session } }
        // Whose lifeline is gone can only be waited out: a look at it would be news each time, and the next look would follow at once.
        due = ([due] + orphans.map(\.validUntil)).compactMap(\.self).min()
    }
}

extension FileBackend {
    /// RULES 20: the longest time between two looks, whatever wake-up was lost.
    private static let fallback = TimeSpan.seconds(1)
    /// The kernel tells of a file's closing a moment before it frees its lock; so a look after an event is repeated.
    private static let rechecks = [1, 4, 16, 64].map { TimeSpan.milliseconds($0) }
    /// What a last look may take beyond the caller's deadline (L5).
    private static let lastLook = TimeSpan.milliseconds(50)

    /// Waits in the queue until granted, timed out, cancelled or dropped.
    func wait(for request: LockRequest, _ key: NameKey, _ first: Outlook) async throws(LockError) -> AcquireOutcome {
        let signal = WakeSignal()
        let session = SessionID(high: request.id.high, low: request.id.low)
        lives.withLock { $0.byRequest[request.id]?.signal = signal }
        let own = watchOwn(key, session, signal)
        defer { withExtendedLifetime(own) {} }
        var (outlook, hasMissed) = (first, true)
        while true {
            if Task.isCancelled { return try await endWait(request, key, Self.cancelled(key)) }
            do throws(LockError) { try ensureRunning() } catch { return try await endWait(request, key, error) }
            await sleep(signal, request, key, outlook, hasMissed: hasMissed)
            if Task.isCancelled { continue }
            let asked = try await look(request, key)
            // What could not be looked at is still to be seen.
            hasMissed = asked == nil
            guard let asked else { continue }
            switch asked {
            case .waiting(let next): outlook = next
            case .granted(let grant): return .granted(hold(grant, key))
            case .busy(let description):
                forget(request.id)
                return .busy(description)
            case .dropped(let reason):
                forget(request.id)
                throw Self.dropped(key, reason)
            }
        }
    }

    private func waking(_ signal: WakeSignal) -> FileNotifier.Handler {
        { [weak self, weak signal] _ in
            self?.wakeUpCount.add(1, ordering: .relaxed)
            signal?.ring()
        }
    }

    private func watchOwn(_ key: NameKey, _ session: SessionID, _ signal: WakeSignal) -> [FileNotifier.Watch] {
        let files = [key.lifelineFile(of: session), key.stateFile]
        return files.compactMap { file in
            notifier.watch(store.folder.path(of: file), for: .touched, waking(signal))
        }
    }

    /// Returns when a look is due: something happened, or the time for it has come.
    ///
    /// A grant touches our own file, so another number of the state alone is news only where such a touch may have been missed: before
    /// the watch was set, after an event, and once a second. Else each newcomer would make every waiter read the whole queue.
    private func sleep(
        _ signal: WakeSignal, _ request: LockRequest, _ key: NameKey, _ outlook: Outlook, hasMissed: Bool
    ) async {
        let others = outlook.watching.compactMap { session in
            notifier.watch(store.folder.path(of: key.lifelineFile(of: session)), for: .closed, waking(signal))
        }
        defer { withExtendedLifetime(others) {} }
        let lookAt = min(
            outlook.armedAt + TimeSpan(request.lease) / 3, request.wait.deadline, outlook.due ?? .distantFuture)
        var rechecks = Self.rechecks[...]
        var wasRoused = false
        let fallback = time.now + Self.fallback
        // The first glance is after the watches are set: whatever happened before them is seen by it (R28).
        while !Task.isCancelled,
            case .calm(let expiry) = await glance(
                key, outlook, countsNumber: hasMissed || wasRoused || time.now >= fallback), time.now < lookAt
        {
            let jitter = TimeSpan.milliseconds(Int64.random(in: 0...20))
            var until = min(lookAt, time.now + Self.fallback, expiry + jitter)
            if wasRoused, let next = rechecks.popFirst() { until = min(until, time.now + next) }
            // A cancellation ends the loop.
            _ = try? await signal.sleep(until: until, on: time)
            if time.now < until { (rechecks, wasRoused) = (Self.rechecks[...], true) }
            if lives.withLock({ $0.isOver }) { return }
        }
    }

    enum Glance: Sendable {
        /// Nothing changed; the first of those watched runs out then.
        case calm(until: ContinuousTime)
        case news
    }

    /// A cheap look without the state lock: the state's number, and a life sign of those watched.
    private func glance(_ key: NameKey, _ outlook: Outlook, countsNumber: Bool) async -> Glance {
        await worker.run(on: FileWorker.lane(of: key)) { [store] in
            // What cannot be seen here is news: the look that follows says what is wrong.
            if countsNumber {
                guard let sequence = try? store.sequence(key), sequence == outlook.sequence else { return .news }
            }
            var expiry = ContinuousTime.distantFuture
            for session in outlook.watching {
                guard case .kept(let until)? = try? Lifeline.sign(of: key.lifelineFile(of: session), in: store.folder),
                    until.map({ $0 > store.time.now }) ?? true
                else { return .news }
                expiry = min(expiry, until ?? .distantFuture)
            }
            return .calm(until: expiry)
        }
    }

    /// Looks under the state lock, and shows that this waiter lives.
    ///
    /// `nil`: the state lock is taken; look again.
    private func look(_ request: LockRequest, _ key: NameKey) async throws(LockError) -> Asked? {
        let limit = min(time.now + .seconds(1), max(time.now, request.wait.deadline) + Self.lastLook)
        do throws(LockError) {
            let asked = try await worker.attempt(key, until: limit, cancellable: true) { () throws(LockError) in
                try self.lookOnce(request, key)
            }
            if let asked { return asked }
        } catch {
            // Whatever is wrong, the place in the queue is given up: closed, the lifeline says so.
            forget(request.id)
            throw error
        }
        if time.now < request.wait.deadline { return nil }
        forget(request.id)
        throw stuck(key)
    }

    private func lookOnce(_ request: LockRequest, _ key: NameKey) throws(LockError) -> Attempt<Asked> {
        let session = SessionID(high: request.id.high, low: request.id.low)
        let attempt = try store.change(key, creating: false) { (state, now) throws(LockError) -> Asked in
            try self.judge(request, session, &state, now)
        }
        switch attempt {
        case .contended: return .contended
        case .done(nil): return .done(.dropped("its state file was removed"))
        case .done(let change?):
            guard case .waiting(var outlook) = change.value else { return .done(change.value) }
            outlook.sequence = change.sequence
            return .done(.waiting(outlook))
        }
    }

    /// RULES 2: a grant that somebody else's release made counts from now, and only if this waiter's own lease had not run out.
    private func judge(
        _ request: LockRequest, _ session: SessionID, _ state: inout NameState, _ now: ContinuousTime
    ) throws(LockError) -> Asked {
        switch state.standing(of: session) {
        case .gone: return .dropped("this process was held up for longer than its lease")
        case .idle:
            state.close(session, at: now)
            return .busy(state.description(at: now))
        case .holding(let holder) where holder.phase != .held:
            let reason = state.entry(of: session)?.revocation ?? ""
            state.close(session, at: now)
            return .dropped("an operator revoked it (\(reason))")
        case .holding(let holder):
            try rearm(request, now)
            state.mustBeDurable = true
            return .granted(grant(GrantRecord(holder, names: request.names), request.lease, state, now))
        case .waiting:
            try rearm(request, now)
            return .waiting(Outlook(state, session, armedAt: now))
        }
    }

    private func rearm(_ request: LockRequest, _ now: ContinuousTime) throws(LockError) {
        let lifeline = lives.withLock { $0.byRequest[request.id]?.lifeline }
        do throws(SystemError) { try lifeline?.arm(until: now + TimeSpan(request.lease)) } catch {
            throw error.lockError()
        }
    }

    /// R26: leaves the queue, giving back a grant that crossed.
    ///
    /// Not cancellable, and at worst the closed lifeline says it.
    func endWait(
        _ request: LockRequest, _ key: NameKey, _ reason: LockError
    ) async throws(LockError) -> AcquireOutcome {
        // Which failure kept us from leaving in good order makes no difference: the closed lifeline ends the session.
        _ = try? await withdraw(request, key, until: time.now + Self.patience)
        forget(request.id)
        throw reason
    }
}

extension GrantRecord {
    fileprivate init(_ holder: HolderView, names: [LockName]) {
        self.init(
            session: holder.session, request: holder.request, owner: holder.owner, names: names, mode: holder.mode,
            token: holder.token, count: holder.count, grantedAt: holder.grantedAt,
            maximumHoldEnd: holder.maximumHoldEnd, note: holder.note)
    }
}

extension StateStore {
    /// The number of the newest good record, read without the state lock; `nil` where there is none.
    fileprivate func sequence(_ key: NameKey) throws(SystemError) -> UInt64? {
        let file = try OpenFile.open(folder.path(of: key.stateFile), O_RDONLY)
        return try SlotFile.newestSequence(in: file)
    }
}
