package import Lockstead
package import RESP

extension RedisClient {
    /// Runs a script by its digest, and with its source where the server does not have it.
    package func run(_ call: RedisScriptCall, deadline: ContinuousTime?) async throws(RedisError) -> RESPValue {
        do throws(RedisError) {
            return try await send(call.command, deadline: deadline)
        } catch  where error.code == .noScript {
            return try await send(call.withSource, deadline: deadline)
        }
    }

    /// Runs a script for which no task waits, as ``RedisClient/begin(_:deadline:then:)`` sends a command.
    package func begin(
        _ call: RedisScriptCall, deadline: ContinuousTime?,
        then: @escaping @Sendable (Result<RESPValue, RedisError>) -> Void
    ) {
        begin(call.command, deadline: deadline) { answer in
            guard answer.isMissingScript else { return then(answer) }
            begin(call.withSource, deadline: deadline, then: then)
        }
    }

    /// Runs scripts in one go; those the server does not have follow with their source.
    package func pipeline(_ calls: [RedisScriptCall], deadline: ContinuousTime?) async -> [Result<
        RESPValue, RedisError
    >] {
        var results = await pipeline(calls.map(\.command), deadline: deadline)
        let missing = results.indices.filter { results[$0].isMissingScript }
        guard !missing.isEmpty else { return results }
        let again = await pipeline(missing.map { calls[$0].withSource }, deadline: deadline)
        for (index, result) in zip(missing, again) { results[index] = result }
        return results
    }
}

extension Result<RESPValue, RedisError> {
    fileprivate var isMissingScript: Bool {
        if case .failure(let error) = self { error.code == .noScript } else { false }
    }
}

extension RedisScriptCall {
    /// `EVAL` with the source: runs the script, and has the server keep it.
    var withSource: RedisCommand { command.replacing(first: 2, with: ["EVAL", script.source]) }
}
