import LockCore

/// How an acquire began.
enum Beginning: Sendable {
    case over(WaitResult)
    /// The caller must suspend under this ticket.
    case queued(ticket: UInt64)
}

extension InProcessState {
    mutating func begin(_ request: LockRequest, for client: InProcessClient.ID, at now: LogTime) -> Beginning {
        guard !stopped.contains(client) else { return .over(.failed(.engineStopped)) }
        let session = InProcessClient.session(of: client, lease: request.lease)
        let command = Command.acquire(request.command(in: session))
        let answer = apply(command, at: now)
        guard case .refused(.unknownSession) = answer else { return beginning(answer, request, session) }
        open(session, for: client, at: now)
        return beginning(apply(command, at: now), request, session)
    }

    private mutating func beginning(_ answer: Answer, _ request: LockRequest, _ session: SessionID) -> Beginning {
        switch answer {
        case .granted(let record): return .over(.granted(record))
        case .busy: return .over(.busy(describeFirst(of: request.names)))
        case .refused(let refusal): return .over(.failed(LockError(refusal)))
        case .queued:
            let ticket = drawTicket()
            waits.add(.init(ticket: ticket, session: session), for: request.id)
            return .queued(ticket: ticket)
        case .done, .session, .released, .notHeld, .downgraded, .handOverRefused, .valid, .revoked, .register:
            preconditionFailure("the table answered an acquire with \(answer)")
        }
    }

    private mutating func open(_ session: SessionID, for client: InProcessClient.ID, at now: LogTime) {
        let timeToLive = InProcessClient.timeToLive(of: session)
        _ = apply(.openSession(.init(session: session, identity: "\(client)", timeToLive: timeToLive)), at: now)
        clients[client]?.sessions.append(session)
    }

    mutating func suspend(_ ticket: UInt64, of request: RequestID, _ continuation: WaitContinuation) {
        guard let result = waits.suspend(ticket, of: request, continuation) else { return }
        aftermath.resumptions.append((continuation, result))
    }

    /// The caller's task was cancelled: with the last caller goes the request.
    mutating func withdraw(_ ticket: UInt64, of request: LockRequest, for client: InProcessClient.ID, at now: LogTime) {
        switch waits.withdraw(ticket, of: request.id) {
        case .over: return
        case .oneOfSeveral(let call): settle(call, .failed(.withdrawn))
        case .last:
            let session = InProcessClient.session(of: client, lease: request.lease)
            _ = apply(.cancel(session, request.id), at: now)
        }
    }

    /// Whether the client holds each of these very grants, on all its names.
    mutating func holds(_ grants: [Grant], by client: InProcessClient.ID, at now: LogTime) -> [Bool] {
        _ = apply(.advance, at: now)
        return grants.map { grant in
            let session = InProcessClient.session(of: client, lease: grant.lease)
            return table.holds(grant.names, grant.token, session: session, request: grant.request)
        }
    }
}

// MARK: A client's life

extension InProcessState {
    mutating func startDriving(_ client: InProcessClient.ID) -> WakeSignal {
        clients[client]?.drives = true
        return clients[client]?.bell ?? WakeSignal()
    }

    /// Ends all waits and streams of a client.
    ///
    /// What it holds stays held: its holders may be at work.
    mutating func stop(_ client: InProcessClient.ID, at now: LogTime) {
        stopped.insert(client)
        clients[client]?.drives = false
        for (session, request) in waits.requests(of: client) { _ = apply(.cancel(session, request), at: now) }
        if let notices = clients[client]?.notices { news.append(.endOfNotices(notices)) }
        for (ticket, reader) in readers where reader.client == client {
            readers[ticket] = nil
            news.append(.endOfChanges(reader.stream))
        }
        // If it was the driver that slept for the next timer, another one takes over.
        ringDrivers(for: now)
    }

    /// The client is gone, and with it everyone who could release what it still holds.
    mutating func forget(_ client: InProcessClient.ID, at now: LogTime) {
        stop(client, at: now)
        for session in clients[client]?.sessions ?? [] { _ = apply(.closeSession(session), at: now) }
        clients[client] = nil
        stopped.remove(client)
    }
}
