public import Lockstead
import LocksteadGuards

extension HistoryRecorder {
    /// Records that the holder of a token is inside its critical section from now on.
    ///
    /// - Parameters:
    ///   - name: The lock.
    ///   - token: The token of the grant, made through a ``RecordingBackend`` of this recorder.
    ///   - validUntil: Until when the holder may believe in it without a renewal; `nil` where it cannot run out.
    public func enter(_ name: LockName, token: FencingToken, validUntil: ContinuousTime?) {
        section("cs_enter", name, token) { line in
            if let validUntil { line.number("valid_until", max(0, validUntil.nanoseconds)) }
        }
    }

    /// Records that the holder of a token has left its critical section, or stopped to believe that it is inside.
    ///
    /// - Parameters:
    ///   - name: The lock.
    ///   - token: The token of the grant.
    public func exit(_ name: LockName, token: FencingToken) { section("cs_exit", name, token) { _ in } }

    /// Runs a critical section on record.
    ///
    /// - Parameters:
    ///   - lease: The lease that it runs under; all its names are recorded.
    ///   - body: The critical section.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    public func criticalSection<R>(_ lease: Lease, _ body: () async throws -> R) async rethrows -> R {
        let entered = lease.names.map { (name: $0, token: lease.token(for: $0) ?? lease.token) }
        for (name, token) in entered { enter(name, token: token, validUntil: lease.validUntil) }
        defer { for (name, token) in entered.reversed() { exit(name, token: token) } }
        return try await body()
    }

    /// Records a read or a write at a guarded resource.
    ///
    /// What the resource refuses with `GuardError` of the code `stale` is recorded as refused. Other errors leave open what
    /// happened: nothing is recorded.
    ///
    /// - Parameters:
    ///   - name: The lock that guards the resource.
    ///   - token: Under which token.
    ///   - value: For an update: what it adds to the set that the resource holds. `nil` for a read.
    ///   - body: The access.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    public func access<R>(
        _ name: LockName, token: FencingToken, adding value: UInt64? = nil, _ body: () async throws -> R
    ) async rethrows -> R {
        let since = now
        do {
            let result = try await body()
            accessed(name, token: token, adding: value, since: since, accepted: true)
            return result
        } catch {
            if let error = error as? GuardError, error.code == .stale {
                accessed(name, token: token, adding: value, since: since, accepted: false)
            }
            throw error
        }
    }

    /// Records a read or a write that is over.
    ///
    /// - Parameters:
    ///   - name: The lock that guards the resource.
    ///   - token: Under which token.
    ///   - value: For an update: what it adds to the set that the resource holds. `nil` for a read.
    ///   - since: When the access began.
    ///   - accepted: Whether the resource did as it was told.
    public func accessed(
        _ name: LockName, token: FencingToken, adding value: UInt64?, since: ContinuousTime, accepted: Bool
    ) {
        section(value == nil ? "read" : "write", name, token) { line in
            line.number("since", max(0, since.nanoseconds))
            if let value { line.number("value", value) }
            line.flag("accepted", accepted)
        }
    }

    /// Records what a resource holds when all is over.
    ///
    /// - Parameters:
    ///   - name: The lock that guards the resource.
    ///   - values: The set.
    public func final(_ name: LockName, values: some Sequence<UInt64>) {
        write { _, now in
            var line = HistoryFormatter("final")
            line.number("ts", now)
            line.text("key", name.text)
            line.texts("values", values.map { "\($0)" })
            return (line.line(), ())
        }
    }

    /// Records that a fault begins or ends; while one is at work, nothing is said about lateness.
    ///
    /// - Parameters:
    ///   - fault: Its name, such as `partition`.
    ///   - isOn: Whether it begins.
    ///   - detail: What is told of it.
    public func nemesis(_ fault: String, _ isOn: Bool, _ detail: String = "") {
        write { _, now in
            var line = HistoryFormatter("nemesis")
            line.number("ts", now)
            line.text("f", fault)
            line.flag("on", isOn)
            if !detail.isEmpty { line.text("arg", detail) }
            return (line.line(), ())
        }
    }

    /// Records that processes may be gone from here on; for those who end other processes that record to the same file.
    ///
    /// Call it before they are killed, and while they are stopped, so that none of them writes a line after this one.
    ///
    /// - Parameter processes: Their numbers.
    public func died(_ processes: some Sequence<Process>) {
        write { _, now in
            (processes.flatMap { Self.death(of: $0, at: now) }, ())
        }
    }

    fileprivate static func death(of process: Process, at now: Int64) -> [UInt8] {
        var line = HistoryFormatter("died")
        line.number("ts", now)
        line.number("p", process)
        return line.line()
    }

    private func section(
        _ event: StaticString, _ name: LockName, _ token: FencingToken, _ fields: (inout HistoryFormatter) -> Void
    ) {
        write { state, now in
            var line = HistoryFormatter(event)
            line.number("ts", now)
            line.number("p", state.process(holding: name, token))
            line.text("key", name.text)
            if token.rawValue > 0 { line.number("token", token.rawValue) }
            fields(&line)
            return (line.line(), ())
        }
    }
}

extension HistoryRecorder {
    var now: ContinuousTime { time.now }

    /// Whom forced releases are recorded under.
    static let `operator` = OwnerID(high: 0, low: 0)

    /// Says by what the history is to be judged, and gives a client its number.
    func begin(_ capabilities: Capabilities) -> Int {
        write { state, now in
            state.clients += 1
            var line = HistoryFormatter("begin")
            line.number("ts", now)
            line.number("v", 1)
            line.text("be", capabilities.engine)
            line.text("fencing", capabilities.guarantee.fencing == .monotonic ? "monotonic" : "weaker")
            return (line.line(), state.clients)
        }
    }

    /// The engine has this owner's request in its queue; said only where there is one that it can be.
    func queued(_ owner: OwnerID) {
        write { state, now in
            let requests = state.processes[owner].map { life in
                state.underWay.filter { $0.value == life.process }.map(\.key)
            }
            guard let process = state.processes[owner]?.process, let requests, requests.count == 1 else {
                return ([], ())
            }
            var line = HistoryFormatter("queued")
            line.number("ts", now)
            line.number("p", process)
            line.text("req", "\(requests[0])")
            return (line.line(), ())
        }
    }

    /// What this client's owners hold they may lose from now on.
    func died(_ client: Int) {
        write { state, now in
            let dead = state.processes.values.filter { $0.client == client }.map(\.process).sorted()
            return (dead.flatMap { Self.death(of: $0, at: now) }, ())
        }
    }
}

extension HistoryRecorder.State {
    /// The process that was granted a token; a stranger gets a number of its own, once.
    fileprivate mutating func process(holding name: LockName, _ token: FencingToken) -> HistoryRecorder.Process {
        let holding = HistoryRecorder.Holding(name: name, token: token)
        // Who is inside stays who it is, whatever becomes of its grant meanwhile.
        if let known = sections[holding] { return known }
        if let owner = holders[holding], let life = processes[owner] {
            sections[holding] = life.process
            return life.process
        }
        defer { next += 1 }
        sections[holding] = next
        return next
    }
}
