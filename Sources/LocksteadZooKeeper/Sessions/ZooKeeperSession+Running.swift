import Jute
import Lockstead
import Synchronization

extension ZooKeeperSession {
    /// Between two rounds of attempts at servers none of which answers.
    private static let pauseOfRounds = Duration.milliseconds(100)

    /// Keeps the session until it is over or the task is cancelled.
    func run() async {
        var failures = 0
        while !Task.isCancelled, !isOver {
            do throws(ZooKeeperError) {
                try await connect()
                let begun = time.now
                await keep()
                // One that takes every connection and ends it at once is no better than one that takes none.
                guard begun.advanced(by: Self.pauseOfRounds) < time.now || isOver else { throw .endsAtOnce }
                failures = 0
            } catch {
                failures += 1
                note(error)
                if isToEnd { break }
                // Each server once, and then a rest.
                guard failures % servers.count == 0 else { continue }
                if !wasEverConnected { refuseThoseWhoWait(error) }
                await pause(Self.pauseOfRounds * min(10, failures))
            }
        }
        // What kept us from a server matters to those only who never had one.
        if wasEverConnected { state.withLock { $0.trouble = .sessionOver } }
        end(.sessionOver)
    }

    private func pause(_ span: Duration) async {
        // A cancellation is looked at by the loop.
        _ = try? await changed.sleep(until: time.now.advanced(by: span), on: time)
    }

    /// Nobody answers, and nothing rests on the session yet: whoever asked is told instead of being kept waiting.
    private func refuseThoseWhoWait(_ error: ZooKeeperError) {
        let calls = state.withLock { $0.machine.takeUnsent() }
        for call in calls { call.decide { .failure(error.with(effect: $0)) } }
    }

    func note(_ error: ZooKeeperError) {
        state.withLock { state in
            state.trouble = error
            switch error.code {
            // Of no use to wait for: whoever asks is told at once.
            case .sessionExpired, .sessionRefused, .authenticationFailed:
                state.isClosing = true
            default: break
            }
        }
    }

    /// Whether nothing rests on it any more: servers that were out of reach for a whole timeout have given it up, as far as we believe.
    private var isToEnd: Bool {
        let now = time.now
        return state.withLock { state in
            if state.isClosing { return true }
            return state.machine.identity != nil && state.machine.isSilent(at: now)
        }
    }

    /// Nobody gets anything from it any more.
    private func end(_ reason: ZooKeeperError) {
        let (calls, connection, trouble, watches) = state.withLock { state in
            defer { state.connection = nil }
            return (state.machine.ended(), state.connection, state.trouble ?? reason, state.watches)
        }
        connection?.close()
        for call in calls { call.decide { .failure(trouble.with(effect: $0)) } }
        listener(self, .over)
        for watch in watches.all { watch.ring() }
        for inbox in watches.allInboxes { inbox.put(.lost) }
    }

    // MARK: Connecting

    private func connect() async throws(ZooKeeperError) {
        let endpoint = servers.next()
        let limit = min(configuration.timeouts.connect, max(lease / 3, .milliseconds(50)))
        let connection = try await ZKConnection.open(endpoint, configuration.tls, timeout: limit, listener: self)
        let asked = time.now
        let request = state.withLock { state in
            (state.connection, state.greeting) = (connection, nil)
            // It may have ended before anybody knew of it.
            if connection.isClosed { state.greeting = .failure(.closedAtLogin(endpoint, nil)) }
            let machine = state.machine
            return ZKConnectRequest(
                lastSeen: machine.seen, timeout: Int32(clamping: Int64(lease / .milliseconds(1))),
                session: machine.identity?.id ?? 0, password: machine.identity?.password ?? [])
        }
        connection.write(request.frame)
        do throws(ZooKeeperError) {
            let response = try await greeting(until: asked.advanced(by: limit), endpoint)
            try begin(response, connection, asked: asked)
        } catch {
            state.withLock { if $0.connection === connection { $0.connection = nil } }
            connection.close()
            throw error
        }
    }

    private func greeting(
        until deadline: ContinuousTime, _ endpoint: ZooKeeperEndpoint
    ) async throws(ZooKeeperError) -> ZKConnectResponse {
        while !Task.isCancelled {
            if let greeting = state.withLock({ $0.greeting }) { return try greeting.get() }
            guard time.now < deadline else {
                throw ZooKeeperError(
                    .notServing,
                    "The server \(endpoint) takes the connection and says nothing. Is it a ZooKeeper server, and does it have a leader?",
                    effect: .didNotHappen)
            }
            // The loop looks at what ended it.
            _ = try? await changed.sleep(until: deadline, on: time)
        }
        throw ZooKeeperError(.shutDown, "The ZooKeeper engine was shut down.", effect: .didNotHappen)
    }

    private func begin(
        _ response: ZKConnectResponse, _ connection: ZKConnection, asked: ContinuousTime
    ) throws(ZooKeeperError) {
        guard response.timeout > 0, response.session != 0 else { throw .sessionOver }
        let given = Duration.milliseconds(Int64(response.timeout))
        guard given == lease || takesAnyTimeout else { throw .timeoutRefused(asked: lease, given: given) }
        let now = time.now
        try state.withLock { state throws(ZooKeeperError) in
            guard state.connection === connection, !connection.isClosed else { throw .endsAtOnce }
            state.trouble = nil
            if let user = configuration.user {
                connection.write(
                    ZKSpecialFrame.authentication(
                        scheme: "digest", "\(user):\(configuration.password ?? "")"))
            }
            let identity = SessionMachine.Identity(id: response.session, password: response.password)
            for frame in state.watches.frames(since: state.machine.seen) { connection.write(frame) }
            for frame in state.machine.connected(identity, timeout: given, asked: asked, at: now) {
                connection.write(frame)
            }
        }
    }

    // MARK: Keeping

    /// Returns when the connection is lost or the session is over.
    private func keep() async {
        while !Task.isCancelled, isConnected {
            let now = time.now
            let (duties, isClosing) = state.withLock { ($0.machine.duties, $0.isClosing) }
            if isClosing { return await giveBack() }
            if duties.silence <= now { return lost("the server was silent") }
            if duties.heartbeat <= now {
                ping(at: now)
            } else if isAwaited, duties.proof <= now {
                await prove()
            } else {
                let next = isAwaited ? min(duties.heartbeat, duties.proof) : duties.heartbeat
                // The loop looks at what ended it.
                _ = try? await changed.sleep(until: min(next, duties.silence), on: time)
            }
        }
        if Task.isCancelled { await shieldedFromCancellation { await self.giveBack() } }
    }

    /// Whoever holds is renewed by its client; whoever waits rests on this.
    private func prove() async {
        let now = time.now
        state.withLock { $0.machine.asksProof(at: now) }
        let deadline = now.advanced(by: lease / 10)
        // What has no answer is asked again.
        _ = try? await ask(.multi([.check(path: naming.rootNode, version: -1)]), until: deadline)
    }

    private func ping(at now: ContinuousTime) {
        state.withLock { state in
            guard state.machine.phase == .connected else { return }
            state.connection?.write(ZKSpecialFrame.ping)
            state.machine.pinged(at: now)
        }
    }

    /// With the session go its nodes.
    private func giveBack() async {
        let deadline = time.now.advanced(by: min(.seconds(1), lease / 2))
        sayThatItCloses(until: deadline)
        // What cannot be told in time ends by itself.
        _ = try? await ask(.closeSession, until: deadline)
        note(.sessionOver)
        end(.sessionOver)
    }

    private func lost(_ reason: String) {
        let connection = state.withLock { $0.connection }
        connection?.close()
        if let connection { disconnected(connection, reason) }
    }
}

extension ZooKeeperError {
    fileprivate static let endsAtOnce = ZooKeeperError(
        .notServing,
        "The server ends the connection as soon as it is made. Have a majority of the servers run and see each other.",
        effect: .didNotHappen)

    fileprivate static func timeoutRefused(asked: Duration, given: Duration) -> ZooKeeperError {
        ZooKeeperError(
            .sessionRefused,
            "The ensemble gives sessions of \(given) where \(asked) was asked for. Ask for a lease within minSessionTimeout and maxSessionTimeout (2 to 20 times tickTime), or change those.",
            effect: .didNotHappen)
    }
}
