import LockCore

/// How a wait ended, before it is told to the caller in its own words.
enum WaitResult: Sendable {
    case granted(GrantRecord)
    case busy(LockDescription?)
    case failed(LockError)

    /// A grant stays what it is, for its caller to give back: in one stop, a withdrawn waiter may let the next one in.
    var afterTheStop: WaitResult { if case .granted = self { self } else { .failed(.engineStopped) } }
}

typealias WaitContinuation = CheckedContinuation<WaitResult, Never>

/// The calls that wait, by request.
///
/// A repeated call attaches to the first: one request, several callers.
struct InProcessWaits: Sendable {
    struct Call: Sendable {
        let ticket: UInt64
        let session: SessionID
        var client: InProcessClient.ID { session.high }
        /// Missing between the table's "queued" and the caller's suspension.
        var continuation: WaitContinuation?
    }

    private var calls: [RequestID: [Call]] = [:]
    /// Results of calls that were not suspended yet when their wait ended.
    private var early: [UInt64: WaitResult] = [:]

    /// Enters a call whose request was queued.
    mutating func add(_ call: Call, for request: RequestID) { calls[request, default: []].append(call) }

    /// Suspends a call.
    ///
    /// Its result, if its wait ended meanwhile.
    mutating func suspend(_ ticket: UInt64, of request: RequestID, _ continuation: WaitContinuation) -> WaitResult? {
        if let result = early.removeValue(forKey: ticket) { return result }
        guard let place = calls[request]?.firstIndex(where: { $0.ticket == ticket }) else {
            preconditionFailure("call \(ticket) of request \(request) suspends, but is neither waiting nor settled")
        }
        calls[request]?[place].continuation = continuation
        return nil
    }

    /// Takes out all calls of a request.
    mutating func remove(_ request: RequestID) -> [Call] {
        calls.isEmpty ? [] : calls.removeValue(forKey: request) ?? []
    }

    /// What a cancelled call is to its request.
    enum Withdrawal { case over, oneOfSeveral(Call), last }

    /// Takes out one call of several; the last one stays until the table has withdrawn the request.
    mutating func withdraw(_ ticket: UInt64, of request: RequestID) -> Withdrawal {
        guard let place = calls[request]?.firstIndex(where: { $0.ticket == ticket }) else { return .over }
        guard calls[request]?.count != 1, let call = calls[request]?.remove(at: place) else { return .last }
        return .oneOfSeveral(call)
    }

    mutating func keep(_ result: WaitResult, for ticket: UInt64) { early[ticket] = result }

    /// What a client waits for.
    func requests(of client: InProcessClient.ID) -> [(SessionID, RequestID)] {
        calls.compactMap { request, calls in
            calls.first { $0.client == client }.map { ($0.session, request) }
        }
    }
}
