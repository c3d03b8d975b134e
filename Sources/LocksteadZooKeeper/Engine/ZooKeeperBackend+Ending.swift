import Jute
import Lockstead
import Synchronization

// What ends a grant while its session lives on: nobody renews it, or its cap has come.
extension ZooKeeperBackend {
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
        if let limit = hold.limit, limit <= time.now, hold.loss == nil {
            life.tell(.lost(hold.request.id, .holdLimit))
        }
        life.add { [self] in
            let end = time.now.advanced(by: hold.request.lease * 2)
            for key in hold.keys {
                let node = key.split(separator: "/").last.flatMap { ContenderName(String($0)) }
                // What cannot be removed by then has gone with its session.
                if let node, hold.loss?.isRevocation ?? true {
                    _ = await tellWatchers(.ended, of: node, .delete(path: key), hold.session, until: end)
                } else {
                    _ = await askPersistently(.delete(path: key), of: hold.session, until: end)
                }
            }
        }
    }
}
