import LockCore

/// How a wait ended, before it is told to the caller in its own words.
enum WaitResult: Sendable {
    case granted(GrantRecord)
    case busy(LockDescription?)
    case failed(LockError)
    /// It never began: the table has to look closer.
    case notPlain

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

    /// The calls of one request, nearly always one, which then needs no list.
    private struct Calls: Sendable {
        var first: Call
        var others: [Call] = []

        var all: [Call] { [first] + others }

        func place(of ticket: UInt64) -> Int? {
            first.ticket == ticket ? 0 : others.firstIndex { $0.ticket == ticket }.map { $0 + 1 }
        }

        subscript(place: Int) -> Call {
            get { place == 0 ? first : others[place - 1] }
            set { if place == 0 { first = newValue } else { others[place - 1] = newValue } }
        }

        /// Takes out one of several.
        mutating func remove(at place: Int) -> Call {
            guard place == 0 else { return others.remove(at: place - 1) }
            defer { first = others.removeFirst() }
            return first
        }
    }

    private var calls: [RequestID: Calls] = [:]
    /// Results of calls that were not suspended yet when their wait ended.
    private var early: [UInt64: WaitResult] = [:]

    /// Enters a call whose request was queued.
    mutating func add(_ call: Call, for request: RequestID) {
        guard let former = calls.updateValue(Calls(first: call), forKey: request) else { return }
        calls[request] = Calls(first: former.first, others: former.others + [call])
    }

    /// Suspends a call.
    ///
    /// Its result, if its wait ended meanwhile.
    mutating func suspend(_ ticket: UInt64, of request: RequestID, _ continuation: WaitContinuation) -> WaitResult? {
        if let result = early.removeValue(forKey: ticket) { return result }
        guard let place = calls[request]?.place(of: ticket) else {
            preconditionFailure("call \(ticket) of request \(request) suspends, but is neither waiting nor settled")
        }
        calls[request]?[place].continuation = continuation
        return nil
    }

    /// Takes out all calls of a request.
    mutating func remove(_ request: RequestID) -> [Call] {
        calls.isEmpty ? [] : calls.removeValue(forKey: request)?.all ?? []
    }

    /// The call of a request that has one which is suspended, and no other.
    func onlyCall(of request: RequestID) -> WaitContinuation? {
        guard let calls = calls[request], calls.others.isEmpty else { return nil }
        return calls.first.continuation
    }

    /// What a cancelled call is to its request.
    enum Withdrawal { case over, oneOfSeveral(Call), last }

    /// Takes out one call of several; the last one stays until the table has withdrawn the request.
    mutating func withdraw(_ ticket: UInt64, of request: RequestID) -> Withdrawal {
        guard var found = calls[request], let place = found.place(of: ticket) else { return .over }
        guard !found.others.isEmpty else { return .last }
        let call = found.remove(at: place)
        calls[request] = found
        return .oneOfSeveral(call)
    }

    mutating func keep(_ result: WaitResult, for ticket: UInt64) { early[ticket] = result }

    /// What a client waits for.
    func requests(of client: InProcessClient.ID) -> [(SessionID, RequestID)] {
        calls.compactMap { request, calls in
            calls.all.first { $0.client == client }.map { ($0.session, request) }
        }
    }
}
