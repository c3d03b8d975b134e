import Lockstead

/// Which requests were sent, and under which session, as long as something of them may be there.
struct SentBook: Sendable {
    private struct Entry: Sendable {
        let session: EtcdSession
        /// Whether it is being taken back: an attempt that came now would lose what it gets to that.
        var isWithdrawn = false
    }

    private var entries: [RequestID: Entry] = [:]

    subscript(request: RequestID) -> EtcdSession? { entries[request]?.session }

    func isWithdrawn(_ request: RequestID) -> Bool { entries[request]?.isWithdrawn ?? false }

    /// Notes a request.
    ///
    /// - Returns: Whether it was sent under that session before.
    mutating func sent(_ request: RequestID, under session: EtcdSession) -> Bool {
        guard entries[request]?.session !== session else { return true }
        entries[request] = Entry(session: session)
        return false
    }

    mutating func withdrawn(_ request: RequestID, under session: EtcdSession) {
        entries[request] = Entry(session: session, isWithdrawn: true)
    }

    /// Nothing is there any more of what was sent under a session.
    mutating func forget(_ request: RequestID, under session: EtcdSession) {
        guard entries[request]?.session === session else { return }
        entries[request] = nil
    }
}
