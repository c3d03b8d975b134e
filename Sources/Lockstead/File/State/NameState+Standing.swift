package import LockCore

/// Where a session stands in its lock.
package enum Standing: Sendable, Hashable {
    case holding(HolderView)
    /// Whom to watch: the holders for the first in the queue, its predecessor for any other. So each death wakes one waiter.
    case waiting(watching: [SessionID], isFirst: Bool)
    /// Its session is there and neither holds nor waits.
    case idle
    /// Its session has ended.
    case gone
}

extension NameState {
    package func standing(of session: SessionID) -> Standing {
        guard let record = table.session(session) else { return .gone }
        if record.grantCount + record.waiterCount == 0 { return .idle }
        guard let view = table.view(of: name) else { return .idle }
        if let holder = view.holders.first(where: { $0.session == session && $0.isLive }) { return .holding(holder) }
        guard record.waiterCount > 0 else { return .idle }
        // A view names only the first waiters; those behind take the last of these for their predecessor.
        let place = view.waiters.firstIndex { $0.session == session } ?? view.waiters.count
        guard place > 0 else {
            return .waiting(watching: view.holders.filter(\.isLive).map(\.session), isFirst: true)
        }
        return .waiting(watching: [view.waiters[place - 1].session], isFirst: false)
    }

    /// The holder under exactly this token, held or revoked.
    package func holder(_ session: SessionID, _ token: FencingToken) -> HolderView? {
        table.view(of: name)?.holders.first { $0.session == session && $0.token == token && $0.isLive }
    }

    /// Whether a session neither holds nor awaits anything.
    package func isIdle(_ session: SessionID) -> Bool {
        table.session(session).map { $0.grantCount + $0.waiterCount == 0 } ?? false
    }

    /// The lock as the public sees it, or `nil` where it is free and awaited by nobody.
    package func description(at now: ContinuousTime) -> LockDescription? {
        table.view(of: name).map { view in
            LockDescription(view, at: logTime(now)) { holder in
                entry(of: holder.session).map { max(.zero, $0.validUntil - now).duration }
            }
        }
    }
}

extension HolderView {
    /// Whether someone stands behind the entry, rather than a delay.
    var isLive: Bool {
        switch phase {
        case .held, .revoked: true
        case .lockDelay, .minimumHold: false
        }
    }
}
