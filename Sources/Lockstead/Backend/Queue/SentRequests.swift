package import LockCore

/// Which requests were sent, and under which session, as long as something of them may be there.
package struct SentRequests<Session: AnyObject & Sendable>: Sendable {
    private struct Entry: Sendable {
        let session: Session
        /// Whether it is being taken back: an attempt that came now would lose what it gets to that.
        var isWithdrawn = false
    }

    private var entries: [RequestID: Entry] = [:]

    package init() {}

    package subscript(request: RequestID) -> Session? { entries[request]?.session }

    package func isWithdrawn(_ request: RequestID) -> Bool { entries[request]?.isWithdrawn ?? false }

    /// Notes a request.
    ///
    /// - Returns: Whether it was sent under that session before.
    package mutating func sent(_ request: RequestID, under session: Session) -> Bool {
        guard entries[request]?.session !== session else { return true }
        entries[request] = Entry(session: session)
        return false
    }

    package mutating func withdrawn(_ request: RequestID, under session: Session) {
        entries[request] = Entry(session: session, isWithdrawn: true)
    }

    /// Nothing is there any more of what was sent under a session.
    package mutating func forget(_ request: RequestID, under session: Session) {
        guard entries[request]?.session === session else { return }
        entries[request] = nil
    }
}
