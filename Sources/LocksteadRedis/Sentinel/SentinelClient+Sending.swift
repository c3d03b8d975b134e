package import Lockstead
package import RESP
import Synchronization

extension SentinelClient {
    /// Sends to the primary of the moment; what certainly did not happen is tried again within the deadline, at the next one perhaps.
    package func send(_ command: RedisCommand, deadline: ContinuousTime?) async throws(RedisError) -> RESPValue {
        let end = deadline ?? defaultDeadline
        while true {
            let primary = try await primary(until: end)
            do throws(RedisError) {
                return try await primary.node.send(command, deadline: end)
            } catch {
                let error = outside(error, of: primary)
                guard error.isOfServer, error.effect == .didNotHappen else { throw error }
                try await pause(until: end, after: error)
            }
        }
    }

    package func pipeline(_ commands: [RedisCommand], deadline: ContinuousTime?) async -> [Result<
        RESPValue, RedisError
    >] {
        let end = deadline ?? defaultDeadline
        do throws(RedisError) {
            while true {
                let primary = try await primary(until: end)
                let answers = await primary.node.pipeline(commands, deadline: end).map { told($0, by: primary) }
                guard let error = Self.reasonToRepeat(commands, answers), context.time.now + .milliseconds(50) < end
                else { return answers }
                try await pause(until: end, after: error)
            }
        } catch {
            return commands.map { _ in .failure(error) }
        }
    }

    /// Why none of the commands that write was carried out, where another server may take them; `nil` where one may have been.
    private static func reasonToRepeat(
        _ commands: [RedisCommand], _ answers: [Result<RESPValue, RedisError>]
    ) -> RedisError? {
        var reason: RedisError?
        for (command, answer) in zip(commands, answers) where command.name != "WAIT" {
            guard case .failure(let error) = answer, error.isOfServer, error.effect == .didNotHappen else { return nil }
            reason = error
        }
        return reason
    }

    /// Waits until a majority of the sentinels has confirmed the primary in answer to questions of after `moment`.
    package func confirms(since moment: ContinuousTime, until deadline: ContinuousTime) async -> Bool {
        let end = min(deadline, context.time.now.advanced(by: SentinelMachine.fresh))
        while true {
            let (confirmed, polls) = state.withLock { state in
                (state.primary.flatMap { state.machine.confirmed($0.endpoint) }, state.polls.values.map(\.self))
            }
            if let confirmed, confirmed >= moment { return doubt == nil }
            guard context.time.now < end else { return false }
            for poll in polls { poll.ring() }
            do throws(RedisError) { try await change(until: end) } catch { return false }
        }
    }

    package func wasReplaced(since moment: ContinuousTime) -> Bool {
        state.withLock { state in state.primary?.replacedAt.map { moment <= $0 } ?? false }
    }

    package func begin(
        _ command: RedisCommand, deadline: ContinuousTime?,
        then: @escaping @Sendable (Result<RESPValue, RedisError>) -> Void
    ) {
        guard let primary = state.withLock({ $0.isShutDown ? nil : $0.primary }), primary.isReady.isSet else {
            return then(.failure(noPrimary))
        }
        primary.node.begin(command, deadline: deadline) { [weak self] answer in
            then(self?.told(answer, by: primary) ?? answer)
        }
    }

    /// What a server answered that was replaced meanwhile counts no more: the sentinels' word is about the next one.
    private func told(
        _ answer: Result<RESPValue, RedisError>, by primary: Primary
    ) -> Result<RESPValue, RedisError> {
        let isReplaced = state.withLock { $0.primary.map { $0.node !== primary.node } ?? false }
        guard isReplaced, case .success = answer else { return answer.mapError { outside($0, of: primary) } }
        return .failure(.superseded(primary.endpoint).with(effect: .mayHaveHappened))
    }

    /// That a server is not used any more is the end of the client only where the client ends.
    private func outside(_ error: RedisError, of primary: Primary) -> RedisError {
        if error.code == .readOnly {
            // A primary that was demoted: the next one takes it.
            var failure = error
            failure.code = .masterDown
            return failure
        }
        guard error.code == .shutDown, !state.withLock(\.isShutDown) else { return error }
        return .superseded(primary.endpoint).with(effect: error.effect)
    }

    private var defaultDeadline: ContinuousTime {
        context.time.now.advanced(by: configuration.timeouts.command)
    }

    /// The primary, once there is one that says so itself.
    private func primary(until end: ContinuousTime) async throws(RedisError) -> Primary {
        while true {
            let (primary, hopelessness, isShutDown) = state.withLock {
                ($0.primary, $0.machine.hopelessness, $0.isShutDown)
            }
            if isShutDown { throw .shutDown }
            if let primary, primary.isReady.isSet { return primary }
            if primary == nil, let hopelessness { throw hopelessness }
            guard context.time.now < end else { throw noPrimary }
            try await change(until: end)
        }
    }

    private var noPrimary: RedisError {
        let now = context.time.now
        return state.withLock { state in
            let name = settings.primaryName
            guard let endpoint = state.primary?.endpoint else {
                return RedisError(
                    .noPrimary, "No majority of the \(state.machine.size) sentinels of \(name) names a primary.",
                    effect: .didNotHappen)
            }
            let reason = state.machine.doubt(about: endpoint, at: now).map { "; \($0)" } ?? ""
            return RedisError(
                .noPrimary, "The primary of \(name), \(endpoint), does not serve\(reason).", effect: .didNotHappen)
        }
    }

    private func pause(until end: ContinuousTime, after error: RedisError) async throws(RedisError) {
        let next = context.time.now + .milliseconds(50)
        guard next < end else { throw error }
        try await change(until: next)
    }

    /// Returns when the sentinels have said something, or at the deadline.
    private func change(until end: ContinuousTime) async throws(RedisError) {
        let signal = WakeSignal()
        let ticket = state.withLock { state in
            state.nextTicket += 1
            state.waiting[state.nextTicket] = signal
            return state.nextTicket
        }
        defer { _ = state.withLock { $0.waiting.removeValue(forKey: ticket) } }
        do { try await signal.sleep(until: end, on: context.time) } catch { throw .cancelled(.didNotHappen) }
    }
}

extension RedisError {
    /// Whether another server, or the same one a little later, may take the command.
    fileprivate var isOfServer: Bool {
        switch code {
        case .readOnly, .masterDown, .loading, .unreachable, .connectionLost: true
        default: false
        }
    }
}
