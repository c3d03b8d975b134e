package import Lockstead
import RESP

extension RedisBackend {
    package func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        let keys = try naming.keys(of: name)
        await watchesBegun(until: deadline)
        let call = registerCall(keys, act: "load", token: 0, after: nil, keptFor: 0, value: [])
        guard case .stored(let register) = try Self.outcome(try await answer(to: call, deadline)) else {
            throw .badAnswer(of: "register")
        }
        return register
    }

    package func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        let keys = try naming.keys(of: write.name)
        try ensureRunning()
        let (act, value, span) = try Self.act(of: write)
        let call = registerCall(
            keys, act: act, token: write.token.rawValue, after: write.after, keptFor: span, value: value)
        return try Self.outcome(try await runPersistently(call, until: deadline).answer)
    }

    private static func act(of write: RegisterWrite) throws(LockError) -> (String, [UInt8], Int64) {
        switch write.content {
        case .nothing: return ("nothing", [], 0)
        case .unchanged: return ("unchanged", [], 0)
        case .value(let value, let span):
            guard value.count <= Register.maximumByteCount else { throw LockError(Refusal.valueTooLong) }
            guard span.map({ $0 > .zero }) ?? true else { throw LockError(Refusal.badTerms) }
            return ("value", value, min(span?.millisecondsUp ?? 0, RedisEngine.longestSpan))
        }
    }

    private func registerCall(
        _ keys: LockKeys, act: String, token: UInt64, after: RegisterRevision?, keptFor: Int64, value: [UInt8]
    ) -> RedisScriptCall {
        var call = LockScripts.register.call(keys: keys.scriptKeys + [keys.register], capacity: 128 + value.count)
        call.append(engine.configuration.database)
        call.append(act)
        call.append(token)
        call.append(after.map { "\($0)" } ?? "-")
        call.append(keptFor)
        call.append(value)
        return call
    }

    private static func outcome(_ answer: RESPValue) throws(LockError) -> RegisterOutcome {
        guard let parts = answer.elements, let word = parts.first?.text else { throw .badAnswer(of: "register") }
        switch (word, parts.count) {
        case ("stored", 6): return .stored(try register(parts))
        case ("changed", 6): return .changed(try register(parts))
        case ("stale", 2):
            guard let token = parts[1].text.flatMap(FencingToken.init) else { throw .badAnswer(of: "register") }
            return .stale(newest: token)
        case ("unknown", 1): throw LockError(Refusal.unknownToken)
        default: throw .badAnswer(of: "register")
        }
    }

    private static func register(_ parts: [RESPValue]) throws(LockError) -> Register {
        guard let value = parts[1].bytes, let seen = parts[2].text.flatMap(FencingToken.init),
            let writer = parts[3].text, let revision = parts[4].text.flatMap({ UInt64($0) }),
            let rest = parts[5].integer
        else { throw .badAnswer(of: "register") }
        let token = seen.rawValue > 0 ? seen : nil
        guard let writer = FencingToken(writer) else { return Register(token: token) }
        return Register(
            value: value, token: token, writer: writer, revision: RegisterRevision(rawValue: revision),
            remaining: rest < 0 ? nil : .milliseconds(rest))
    }
}
