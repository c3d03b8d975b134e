import Lockstead

/// A call that is recorded and under way.
struct RecordedCall: Sendable {
    let owner: OwnerID
    let process: HistoryRecorder.Process
    let request: String
    let id: RequestID?
    /// When its line of invocation was written, in nanoseconds of the recorder's clock.
    let invoked: Int64
}

extension HistoryRecorder {
    /// What a line of invocation says beyond who and when.
    typealias Fields = (inout HistoryFormatter) -> Void

    /// Writes the line of invocation; call it before the request leaves.
    ///
    /// An acquire brings its request's own id; all else goes without.
    func invoke(
        _ operation: String, of owner: OwnerID, id: RequestID? = nil, client: Int, engine: String, _ fields: Fields
    ) -> RecordedCall {
        write { state, now in
            // A request that is sent again while it is under way is told apart as another process.
            if let id, state.underWay[id] != nil, let present = state.processes[owner] {
                state.retire(owner, present.process)
            }
            let (process, was) = state.process(of: owner, client: client)
            state.tie(owner, by: 1)
            if let id { state.underWay[id] = process }
            let request = id.map { "\($0)" } ?? state.freshRequest()
            var line = HistoryFormatter("invoke")
            line.number("ts", now)
            line.number("p", process)
            if let was { line.number("was", was) }
            line.text("req", request)
            line.text("op", operation)
            fields(&line)
            line.text("be", engine)
            return (line.line(), RecordedCall(owner: owner, process: process, request: request, id: id, invoked: now))
        }
    }

    /// How a call ended, in the words of a history.
    enum Answer: Sendable {
        case ok
        case granted(Grant)
        case renewed(Grant.Validity, lease: Duration)
        case failed(String)
        case unknown(String)
    }

    /// Writes the line of an answer, which may end a grant.
    func answer(_ call: RecordedCall, _ answer: Answer, ending: Grant? = nil) {
        write { state, now in
            var line = HistoryFormatter(answer.event)
            line.number("ts", now)
            line.number("p", call.process)
            line.text("req", call.request)
            answer.describe(&line)
            if let since = answer.armedAt, since < call.invoked { line.number("since", max(0, since)) }
            if let id = call.id, state.underWay[id] == call.process { state.underWay[id] = nil }
            if case .unknown = answer { state.retire(call.owner, call.process) }
            if case .granted(let grant) = answer { state.begin(grant) }
            if let ending { state.end(ending) }
            state.tie(call.owner, by: -1)
            return (line.line(), ())
        }
    }
}

extension HistoryRecorder.Answer {
    fileprivate var event: StaticString {
        switch self {
        case .ok, .granted, .renewed: "ok"
        case .failed: "fail"
        case .unknown: "info"
        }
    }

    fileprivate func describe(_ line: inout HistoryFormatter) {
        switch self {
        case .ok, .renewed: break
        case .granted(let grant): if grant.token.rawValue > 0 { line.number("token", grant.token.rawValue) }
        case .failed(let reason), .unknown(let reason): line.text("reason", reason)
        }
    }

    /// When the lease that it rests on was given the sign of life that counts, which may have been before the call.
    fileprivate var armedAt: Int64? {
        switch self {
        case .granted(let grant): grant.validity.began(for: grant.lease)
        case .renewed(let validity, let lease): validity.began(for: lease)
        case .ok, .failed, .unknown: nil
        }
    }

    /// What an error says about whether it happened.
    init(_ error: LockError) {
        self = error.effect == .didNotHappen ? .failed("\(error.code)") : .unknown("\(error.code)")
    }
}

extension Grant.Validity {
    /// When a lease began that ends when the engine's keeping does: one that keeps it for less counts from earlier.
    fileprivate func began(for lease: Duration) -> Int64? {
        guard case .armed(let moment, let kept) = self else { return nil }
        return moment.advanced(by: min(.zero, kept - lease)).nanoseconds
    }
}

extension HistoryRecorder.State {
    /// Beside all request ids, which are random: these begin with zeros.
    mutating func freshRequest() -> String {
        nextRequest += 1
        return "\(RequestID(high: 0, low: nextRequest))"
    }

    mutating func begin(_ grant: Grant) {
        for name in grant.names
        where holders.updateValue(grant.owner, forKey: .init(name: name, token: grant.token)) == nil {
            tie(grant.owner, by: 1)
        }
    }

    mutating func end(_ grant: Grant) {
        for name in grant.names where holders.removeValue(forKey: .init(name: name, token: grant.token)) != nil {
            tie(grant.owner, by: -1)
        }
    }
}
