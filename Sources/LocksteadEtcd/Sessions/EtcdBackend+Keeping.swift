import Lockstead
import Synchronization

// Each session has one task of its own: it gives the signs of life that those who wait rest on, and hears what ends the session or
// revokes one of its grants.
extension EtcdBackend {
    /// Runs until the backend stops.
    func keepSessions(_ openings: AsyncStream<SessionOpenings.Opening>) async {
        await withDiscardingTaskGroup { group in
            for await (session, revision) in openings {
                group.addTask { await self.keepAlive(session) }
                group.addTask { await self.hear(session, from: revision) }
            }
            group.cancelAll()
        }
    }

    /// Whoever holds is renewed by its client; whoever waits is by this.
    private func keepAlive(_ session: EtcdSession) async {
        while !Task.isCancelled, session.state.isUsable(at: time.now) {
            guard session.isAwaited else {
                // The loop looks at what ended it.
                _ = try? await session.changed.sleep(until: session.state.certainUntil, on: time)
                continue
            }
            if session.state.refreshDue <= time.now {
                let limit = min(session.state.certainUntil, time.now.advanced(by: engine.configuration.timeouts.call))
                if case .unknown = await session.refresh(client, until: limit) { await pause(Self.retryPause) }
            } else {
                // As above.
                _ = try? await session.changed.sleep(until: session.state.refreshDue, on: time)
            }
        }
        // Nobody's belief in it lasts any longer, whatever the cluster still keeps.
        guard !Task.isCancelled else { return }
        session.ended()
        lose(session)
    }

    /// A cancellation shortens it.
    func pause(_ span: Duration) async { _ = try? await time.sleep(until: time.now.advanced(by: span)) }

    /// Its lease is gone: whoever waits on it learns so at once (R4), and whoever holds by it too.
    private func lose(_ session: EtcdSession) {
        waits.ring(session)
        for request in holds.withLock({ $0.lost(session) }) { life.tell(.lost(request, .expired)) }
    }

    // MARK: What is said to it

    private func hear(_ session: EtcdSession, from revision: Int64) async {
        var start = revision > 0 ? revision &+ 1 : 0
        var isSigned = false
        while !Task.isCancelled, session.state.isUsable(at: time.now) {
            let inbox = WatchInbox()
            let watch = hub.watch(naming.messages(to: session.id), from: start, inbox)
            if !isSigned { await leaveSign(of: session) }
            await hear(inbox, session)
            hub.cancel(watch)
            // What was missed the next renewal reads from the keys themselves.
            (start, isSigned) = (0, true)
            await pause(.seconds(1))
        }
    }

    /// Returns when the session or the watch is over.
    private func hear(_ inbox: WatchInbox, _ session: EtcdSession) async {
        while !Task.isCancelled, session.state.isUsable(at: time.now) {
            for news in inbox.take() {
                if news.isLast { return }
                hear(news, session, naming.messages(to: session.id))
            }
            // The loop looks at what ended it.
            _ = try? await inbox.signal.sleep(until: session.state.certainUntil, on: time)
        }
    }

    /// A key that is there as long as the lease is, and whose end tells of the lease's.
    private func leaveSign(of session: EtcdSession) async {
        var transaction = Transaction()
        transaction.then(.put(naming.sign(of: session.id), value: [], lease: session.id))
        // Without it a lease that is gone is noticed by its next sign of life, and by the look at all waits.
        _ = await askPersistently(transaction.request, until: session.state.certainUntil)
    }

    private func hear(_ news: WatchMachine.News, _ session: EtcdSession, _ range: KeyRange) {
        // Where something was missed, the next renewal reads it from the key itself.
        guard case .changed(let events, _) = news else { return }
        for event in events {
            guard event.type == .put else {
                if event.kv.key.elementsEqual(naming.sign(of: session.id)) { session.ended() }
                continue
            }
            let name = String(decoding: event.kv.key.dropFirst(range.start.count), as: UTF8.self)
            guard let request = RequestID(hexadecimal: name) else { continue }
            let reason = LossReason.revoked(String(decoding: event.kv.value, as: UTF8.self))
            if holds.withLock({ $0.lost(request, reason) }) { life.tell(.lost(request, reason)) }
        }
    }
}

extension LockNaming {
    /// Where a session is told of what was revoked; the keys go with its lease.
    func messages(to session: LeaseID) -> KeyRange { KeyRange(prefix: Array("\(prefix)\u{1}told/\(session)/".utf8)) }

    func message(to session: LeaseID, about request: RequestID) -> KeyBytes {
        Array("\(prefix)\u{1}told/\(session)/\(request)".utf8)
    }

    /// There as long as the session's lease is.
    func sign(of session: LeaseID) -> KeyBytes { Array("\(prefix)\u{1}told/\(session)/alive".utf8) }
}
