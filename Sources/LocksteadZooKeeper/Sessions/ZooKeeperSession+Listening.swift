import Jute
import Lockstead
import Synchronization
import TransportSecurity

// What a connection brings, on its event loop.
extension ZooKeeperSession: ZKConnectionListener {
    func received(_ frames: [[UInt8]], on connection: ZKConnection) {
        let now = time.now
        for frame in frames {
            let effect = state.withLock { state -> SessionMachine.Effect? in
                guard state.connection === connection else { return nil }
                guard state.machine.phase != .apart else {
                    state.greeting = Self.greeting(frame)
                    return nil
                }
                return state.machine.received(frame, at: now)
            }
            carryOut(effect, connection)
        }
        if state.withLock({ $0.greeting != nil && $0.machine.phase == .apart }) { changed.ring() }
    }

    private static func greeting(_ frame: [UInt8]) -> Result<ZKConnectResponse, ZooKeeperError> {
        do throws(JuteError) { return .success(try ZKConnectResponse(frame[...])) } catch {
            return .failure(
                ZooKeeperError(
                    .protocolViolation, "What the server sent is no answer of a ZooKeeper server: \(error).",
                    effect: .didNotHappen))
        }
    }

    private func carryOut(_ effect: SessionMachine.Effect?, _ connection: ZKConnection) {
        switch effect {
        case nil: return
        case .answer(let call, let answer):
            if case .failure(let error) = answer, error.code == .sessionExpired { expire() }
            call.decide { _ in answer }
        case .event(let event):
            let (watches, inboxes) = state.withLock { ($0.watches.watches(for: event), $0.watches.inboxes(for: event)) }
            for watch in watches { watch.tell(event.kind) }
            for inbox in inboxes { inbox.put(.happened(event)) }
        case .refused(let error):
            note(error)
            changed.ring()
        case .unreadable: connection.close()
        }
    }

    private func expire() {
        note(.sessionOver)
        changed.ring()
    }

    func closed(_ connection: ZKConnection, _ cause: (any Error)?) {
        let isGreeting = state.withLock { state in
            guard state.connection === connection, state.machine.phase == .apart else { return false }
            state.greeting = state.greeting ?? .failure(.closedAtLogin(connection.endpoint, cause))
            return true
        }
        if isGreeting { changed.ring() } else { disconnected(connection, "the connection was lost") }
    }

    func disconnected(_ connection: ZKConnection, _ reason: String) {
        let calls = state.withLock { state -> [ZKCall]? in
            guard state.connection === connection else { return nil }
            state.connection = nil
            return state.machine.disconnected()
        }
        guard let calls else { return }
        // Servers set the watches of a reader anew and say nothing of what happened meanwhile.
        for inbox in state.withLock({ $0.watches.allInboxes }) { inbox.put(.gap) }
        for call in calls {
            call.decide { effect in
                .failure(
                    ZooKeeperError(
                        .connectionLost, "The connection to \(connection.endpoint) was lost.", effect: effect))
            }
        }
        listener(self, .disconnected(reason))
        changed.ring()
    }
}

extension ZooKeeperError {
    /// A server ended the connection before it answered to the first frame.
    static func closedAtLogin(_ endpoint: ZooKeeperEndpoint, _ cause: (any Error)?) -> ZooKeeperError {
        if let cause, cause.isAboutTrust {
            return ZooKeeperError(
                .untrusted,
                "The server \(endpoint) and this client do not trust each other: \(cause). Give zookeepers:// and the right ca=, or zookeeper:// where the server speaks plain text.",
                effect: .didNotHappen)
        }
        return ZooKeeperError(
            .notServing,
            "The server \(endpoint) ends every connection at once: it has no leader, or speaks TLS where we do not. Have a majority of the servers run and see each other.",
            effect: .didNotHappen)
    }
}
