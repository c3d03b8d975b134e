import LockCore

// What engines that live by a `LockTable` share: their log time is this host's continuous clock, nanosecond for nanosecond.

extension LogTime {
    package init(_ time: ContinuousTime) { self.init(nanoseconds: time.nanoseconds) }
}

extension ContinuousTime {
    package init(_ time: LogTime) { self.init(nanoseconds: time.nanoseconds) }
}

extension LockRequest {
    /// The request as a table takes it.
    ///
    /// - Parameter session: The session that is to hold the grant.
    /// - Returns: The command.
    package func command(in session: SessionID) -> Command.Acquire {
        Command.Acquire(
            session: session, request: id, owner: owner, names: names, mode: mode, waitUntil: wait.logTime,
            fairness: fairness, priority: priority, lockDelay: TimeSpan(terms.lockDelay),
            minimumHold: TimeSpan(terms.minimumHold), maximumHold: terms.maximumHold.map(TimeSpan.init), note: note)
    }
}

extension LockRequest.Wait {
    fileprivate var logTime: LogTime? {
        switch self {
        case .never: nil
        case .until(let time): LogTime(time)
        case .forever: .distantFuture
        }
    }
}

extension Grant {
    /// A table's grant as the client carries it.
    package init(_ record: GrantRecord, lease: Duration, validity: Validity, guarantee: Guarantee) {
        self.init(
            request: record.request, owner: record.owner, names: record.names, mode: record.mode, token: record.token,
            lease: lease, validity: validity, holdLimit: record.maximumHoldEnd.map { ContinuousTime($0) },
            guarantee: guarantee)
    }
}
