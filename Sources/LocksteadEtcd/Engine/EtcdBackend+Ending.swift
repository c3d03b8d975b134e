import Lockstead
import Synchronization

// What ends a grant while its session lives on: nobody renews it, its cap has come, or an operator revoked it.
extension EtcdBackend {
    /// Runs until the backend stops.
    func endHoldsAtTheirTimes() async {
        while !Task.isCancelled {
            let (ended, next) = holds.withLock { $0.due(at: time.now) }
            for hold in ended { end(hold) }
            // A cancellation ends the loop.
            _ = try? await holdsChanged.sleep(until: next, on: time)
        }
    }

    /// Its holder stopped before this moment; whoever waits comes forward.
    private func end(_ hold: HoldBook.Hold) {
        drop(hold)
        if hold.isDoubtful { sent.withLock { $0.withdrawn(hold.request.id, under: hold.session) } }
        if let limit = hold.limit, limit <= time.now, hold.loss == nil {
            life.tell(.lost(hold.request.id, .holdLimit))
        }
        let end = time.now.advanced(by: .seconds(hold.session.seconds))
        life.add { [self] in
            // First a word for those who watch, who would take it for a release.
            if hold.loss?.isRevocation ?? true { _ = await askPersistently(marking(hold).request, until: end) }
            // What cannot be removed by then has gone with its lease.
            for key in hold.keys { _ = await askPersistently(removing(key, hold.created).request, until: end) }
            _ = await keepOutLate(hold, until: end)
        }
    }

    /// An attempt of its request that is still on its way would put keys that nobody deletes, or has put them since; whether that is prevented
    /// by now.
    func keepOutLate(_ hold: HoldBook.Hold, until end: ContinuousTime) async -> Bool {
        guard hold.isDoubtful, let first = hold.request.names.first else { return true }
        sent.withLock { $0.withdrawn(hold.request.id, under: hold.session) }
        let mark = naming.keys(of: first).withdrawal(of: hold.request.id)
        let failure = await takeAway(hold.keys, marking: mark, on: hold.session, until: end)
        sent.withLock { $0.forget(hold.request.id, under: hold.session) }
        return failure == nil
    }

    private func marking(_ hold: HoldBook.Hold) -> Transaction {
        var record = ContenderRecord(
            mode: hold.mode, owner: hold.request.owner, since: 0, lease: 0, note: hold.request.note)
        record.phase = .ended
        var transaction = Transaction()
        for key in hold.keys {
            transaction.require(key, created: hold.created)
            transaction.then(.rewrite(key, value: record.bytes))
        }
        return transaction
    }

    func removing(_ key: KeyBytes, _ created: Int64) -> Transaction {
        var transaction = Transaction()
        transaction.require(key, created: created)
        transaction.then(.delete(key))
        return transaction
    }
}
