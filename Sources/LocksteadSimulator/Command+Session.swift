import LockCore

extension Command {
    /// The session that a client's command belongs to.
    var session: SessionID {
        switch self {
        case .openSession(let open): open.session
        case .closeSession(let session), .renew(let session, _), .expire(let session, _), .cancel(let session, _):
            session
        case .acquire(let acquire): acquire.session
        case .release(let release), .downgrade(let release): release.session
        case .handOver(let hand): hand.session
        default: SessionID(high: 0, low: 0)
        }
    }
}
