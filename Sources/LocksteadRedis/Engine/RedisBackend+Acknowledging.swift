import Lockstead
import RESP

/// The answer of a script, and whether as many replicas as asked for have what it wrote.
struct AcknowledgedAnswer: Sendable {
    let value: RESPValue
    /// Why it counts for nothing; `nil` where it does.
    let shortfall: RedisError?
}

extension RedisBackend {
    /// Whether grants count only once replicas have them.
    var asksReplicas: Bool { engine.acknowledgements > 0 }

    /// Runs a script that makes or extends a grant, and waits for replicas where they are asked for (R38).
    ///
    /// `WAIT` follows on the same connection, since it speaks of what was written there.
    func runAcknowledged(
        _ call: RedisScriptCall, deadline: ContinuousTime
    ) async throws(RedisError) -> AcknowledgedAnswer {
        guard asksReplicas else {
            return AcknowledgedAnswer(value: try await client.run(call, deadline: deadline), shortfall: nil)
        }
        return try await pipelineAcknowledged([call], deadline: deadline)[0].get()
    }

    /// The same for several scripts in one go.
    func pipelineAcknowledged(
        _ calls: [RedisScriptCall], deadline: ContinuousTime
    ) async -> [Result<AcknowledgedAnswer, RedisError>] {
        guard asksReplicas else {
            return await client.pipeline(calls, deadline: deadline).map { result in
                result.map { AcknowledgedAnswer(value: $0, shortfall: nil) }
            }
        }
        var results = await ask(calls.map(\.command), deadline)
        let missing = results.indices.filter { index in
            if case .failure(let error) = results[index] { error.code == .noScript } else { false }
        }
        guard !missing.isEmpty else { return results }
        let again = await ask(missing.map { calls[$0].withSource }, deadline)
        for (index, result) in zip(missing, again) { results[index] = result }
        return results
    }

    private func ask(
        _ scripts: [RedisCommand], _ deadline: ContinuousTime
    ) async -> [Result<AcknowledgedAnswer, RedisError>] {
        let answers = await client.pipeline(scripts.flatMap { [$0, wait(after: $0, deadline)] }, deadline: deadline)
        return stride(from: 0, to: answers.count, by: 2).map { index in
            answers[index].map { AcknowledgedAnswer(value: $0, shortfall: shortfall(in: answers[index + 1])) }
        }
    }

    /// Half of what is left is for the way, and for taking back what too few replicas have.
    private func wait(after script: RedisCommand, _ deadline: ContinuousTime) -> RedisCommand {
        let rest = time.now.duration(to: deadline) / 2
        let patience = max(1, min(engine.acknowledgementTimeout, rest).millisecondsUp)
        return RedisCommand("WAIT", "\(engine.acknowledgements)", "\(patience)").following(script)
    }

    private func shortfall(in answer: Result<RESPValue, RedisError>) -> RedisError? {
        switch answer {
        case .failure(var error):
            error.message = "Whether replicas have the grant cannot be asked (WAIT): \(error.message)"
            error.effect = .mayHaveHappened
            return error
        case .success(let value):
            let count = value.integer ?? 0
            guard count < engine.acknowledgements else { return nil }
            return RedisError(
                .tooFewReplicas,
                "\(count) replicas acknowledged within \(engine.acknowledgementTimeout), and ack asks for \(engine.acknowledgements); look at the replicas.",
                effect: .mayHaveHappened)
        }
    }
}
