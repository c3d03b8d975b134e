import Jute
package import Lockstead
import Synchronization

extension ZooKeeperBackend {
    /// So often others change the register between our reading and our writing before we give up.
    private static let mostRaces = 100

    /// A register's two nodes as they were read.
    private struct Reading {
        var state: RegisterState
        /// How often each was written; `nil` where it is not there.
        var valueVersion: Int32?
        var tokenVersion: Int32?
        /// How long the value is still kept.
        var rest: Duration?
    }

    package func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        let deadline = limit(deadline)
        await watches.allBegun(until: min(deadline, time.now.advanced(by: .seconds(1))), on: time)
        return try await persistently(until: deadline) { (session) throws(LockError) in
            do throws(ZooKeeperError) {
                let reading = try await reading(of: naming.paths(of: name), session, deadline)
                return reading.state.register(remaining: reading.rest)
            } catch { throw Self.notAsked(session.explained(error)) }
        }
    }

    package func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        try Self.check(write)
        let deadline = limit(deadline)
        var isDoubtful = false
        do throws(LockError) {
            return try await persistently(until: deadline) { (session) throws(LockError) in
                try await stored(write, session, deadline, &isDoubtful)
            }
        } catch { throw isDoubtful ? error.with(effect: .mayHaveHappened) : error }
    }

    private static func check(_ write: RegisterWrite) throws(LockError) {
        guard case .value(let value, let span) = write.content else { return }
        guard value.count <= Register.maximumByteCount else { throw LockError(Refusal.valueTooLong) }
        guard span.map({ $0 > .zero }) ?? true else { throw LockError(Refusal.badTerms) }
    }

    private func stored(
        _ write: RegisterWrite, _ session: ZooKeeperSession, _ deadline: ContinuousTime, _ isDoubtful: inout Bool
    ) async throws(LockError) -> RegisterOutcome {
        let paths = naming.paths(of: write.name)
        for _ in 0..<Self.mostRaces {
            let reading: Reading
            do throws(ZooKeeperError) { reading = try await self.reading(of: paths, session, deadline) } catch {
                throw Self.notAsked(session.explained(error))
            }
            let decision = try reading.state.decide(write, remaining: reading.rest)
            if case .answer(let outcome) = decision {
                // One that says that nothing was written is none where an earlier attempt may have done so.
                if case .stored = outcome { return outcome }
                guard !isDoubtful else { throw .registerInDoubt(write.name) }
                return outcome
            }
            let written = try await carryOut(decision, reading, write.token, paths, session, deadline, &isDoubtful)
            guard let written else { continue }
            return .stored(after(decision, reading, write.token, written))
        }
        throw .registerChangesTooFast(write.name)
    }

    /// What the register holds once a decision was carried out by a transaction.
    private func after(
        _ decision: RegisterState.Decision, _ reading: Reading, _ token: FencingToken, _ transaction: Int64
    ) -> Register {
        var (state, rest) = (reading.state, reading.rest)
        state.seen = token
        switch decision {
        case .put(let value): (state.value, state.valueRevision, rest) = (value, transaction, value.keptFor)
        case .remove: (state.value, state.valueRevision) = (nil, 0)
        case .note, .answer: break
        }
        return state.register(remaining: rest)
    }

    // MARK: The two nodes

    private func reading(
        of paths: LockPaths, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(ZooKeeperError) -> Reading {
        let sync = session.send(.sync(path: naming.rootNode), until: deadline)
        let calls = [paths.registerValue, paths.registerToken].map {
            session.send(.getData(path: $0, watch: false), until: deadline)
        }
        let seen = try await sync.value(on: time).get().transaction
        let (value, token) = (try await node(calls[0]), try await node(calls[1]))
        var reading = Reading(
            state: RegisterState(
                value: value.flatMap { RegisterValue($0.data) }, valueRevision: value?.stat.modified ?? 0,
                seen: token.flatMap { FencingToken(String(decoding: $0.data, as: UTF8.self)) }, revision: seen),
            valueVersion: value?.stat.version, tokenVersion: token?.stat.version)
        if let value, let span = reading.state.value?.keptFor {
            let now = try await serverTime(session, deadline)
            let rest = span - .milliseconds(now &- value.stat.modifiedAt)
            reading.rest = max(.zero, min(rest, span))
            // Whoever wrote it has not ended it, and has died maybe.
            if rest <= .zero { (reading.state.value, reading.state.valueRevision, reading.rest) = (nil, 0, nil) }
        }
        return reading
    }

    private func node(_ call: ZKCall) async throws(ZooKeeperError) -> (data: [UInt8], stat: ZNodeStat)? {
        do throws(ZooKeeperError) {
            guard case .data(let data, let stat) = try await call.value(on: time).get().result else { throw .badAnswer }
            return (data, stat)
        } catch {
            guard error.code == .noNode else { throw error }
            return nil
        }
    }

    /// Under which token a register's value was stored.
    func writer(ofRegister path: String, _ session: ZooKeeperSession) async -> FencingToken? {
        let reading = await askPersistently(.getData(path: path, watch: false), of: session, until: patience)
        guard case .success(let answered) = reading.answer, case .data(let data, _) = answered.result else {
            return nil
        }
        return RegisterValue(data)?.writer
    }

    /// Carries a decision out unless the register has changed meanwhile; the transaction, or `nil`.
    ///
    /// Whoever stores writes the token's node too, so that its version alone tells whether anybody has.
    private func carryOut(
        _ decision: RegisterState.Decision, _ reading: Reading, _ token: FencingToken, _ paths: LockPaths,
        _ session: ZooKeeperSession, _ deadline: ContinuousTime, _ isDoubtful: inout Bool
    ) async throws(LockError) -> Int64? {
        var parts = [writing(paths.registerToken, Array("\(token)".utf8), reading.tokenVersion)]
        switch decision {
        case .put(let value): parts.append(writing(paths.registerValue, value.stored, reading.valueVersion))
        case .remove:
            if let version = reading.valueVersion { parts.append(.delete(path: paths.registerValue, version: version)) }
        case .note, .answer: break
        }
        let (answer, isRepeated) = await askPersistently(.multi(parts), of: session, until: deadline)
        isDoubtful = isDoubtful || isRepeated
        switch answer {
        case .failure(let error):
            isDoubtful = isDoubtful || error.effect == .mayHaveHappened
            throw LockError(session.explained(error))
        case .success(let answered):
            guard case .parts = answered.result, !answered.isRefused else {
                try await makeWhatIsMissing(answered, paths, session, deadline)
                return nil
            }
            note(decision, written: answered.transaction, paths)
            return answered.transaction
        }
    }

    private func writing(_ path: String, _ data: [UInt8], _ version: Int32?) -> ZKOperation {
        if let version { return .setData(path: path, data: data, version: version) }
        return .create(path: path, data: data, access: engine.accessList, kind: .persistent)
    }

    private func makeWhatIsMissing(
        _ answered: ZKAnswered, _ paths: LockPaths, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(LockError) {
        guard case .parts(let parts) = answered.result else { throw LockError(.badAnswer) }
        for case .failed(let code) in parts where code == .notPermitted || code == .quotaExceeded {
            throw LockError(ZooKeeperError(code, of: paths.registerValue))
        }
        guard parts.contains(.failed(.noNode)) else { return }
        do throws(ZooKeeperError) { try await makeNode(paths.queue, on: session, deadline) } catch {
            throw Self.notAsked(error)
        }
    }

    // MARK: Values that are kept for a time

    /// Whoever writes a value that is kept for a time ends it, as long as it lives.
    private func note(_ decision: RegisterState.Decision, written transaction: Int64, _ paths: LockPaths) {
        guard decision != .note else { return }
        guard case .put(let value) = decision, let span = value.keptFor else {
            return registerEnds.withLock { $0.forget(paths.registerValue) }
        }
        let end = time.now.advanced(by: min(span, Self.longestSpan))
        registerEnds.withLock { $0.set(paths.registerValue, written: transaction, at: end) }
        registerEndsChanged.ring()
    }

    /// A hundred years.
    private static let longestSpan = Duration.seconds(3_155_760_000)

    /// Runs until the backend stops; what is left then is found to be over by whoever reads it.
    func endValuesAtTheirTimes() async {
        while !Task.isCancelled {
            let (over, next) = registerEnds.withLock { ends in (ends.take(at: time.now), ends.next) }
            for (path, transaction) in over {
                // What fails is found to be over by whoever reads it.
                life.add { [self] in
                    try? await withSession { (session) throws(LockError) in
                        await end(path, written: transaction, session, patience)
                    }
                }
            }
            // A cancellation ends the loop.
            _ = try? await registerEndsChanged.sleep(until: next, on: time)
        }
    }

    /// Removes a value unless it was written since; whoever writes one writes the token's node, too.
    private func end(
        _ path: String, written transaction: Int64, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async {
        let token = String(path.dropLast(LockPaths.registerValueEnd.count)) + LockPaths.registerTokenEnd
        let calls = [path, token].map { session.send(.getData(path: $0, watch: false), until: deadline) }
        // What cannot be read is found to be over by whoever reads it.
        guard let value = try? await node(calls[0]), let seen = try? await node(calls[1]),
            value.stat.modified == transaction
        else { return }
        let removal = ZKOperation.multi([
            .check(path: token, version: seen.stat.version), .delete(path: path, version: value.stat.version),
        ])
        _ = await askPersistently(removal, of: session, until: deadline)
    }

    /// What the servers' wall clock says, in milliseconds since 1970: a node is made to see it, where nobody has looked lately.
    private func serverTime(
        _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(ZooKeeperError) -> Int64 {
        let now = time.now
        if let milliseconds = serverClock.withLock({ $0.milliseconds(at: now) }) { return milliseconds }
        try await makeNode(naming.sessions, on: session, deadline)
        let probe = ZKOperation.create(
            path: naming.sessions + "/clock-", data: [], access: engine.accessList, kind: .ephemeralSequential)
        let sent = time.now
        guard case .created(let path, let stat) = try await session.ask(probe, until: deadline).result else {
            throw .badAnswer
        }
        let middle = sent.advanced(by: sent.duration(to: time.now) / 2)
        serverClock.withLock { $0.saw(stat.createdAt, at: middle) }
        _ = session.send(.delete(path: path), until: deadline)
        return stat.createdAt
    }
}
