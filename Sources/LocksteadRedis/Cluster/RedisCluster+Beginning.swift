package import Lockstead
package import RESP

extension RedisCluster {
    package func begin(
        _ command: RedisCommand, deadline: ContinuousTime?,
        then: @escaping @Sendable (Result<RESPValue, RedisError>) -> Void
    ) {
        let deadline = deadline ?? defaultDeadline
        guard let target = target(of: command) else { return detour(command, deadline, after: nil, then) }
        member(at: target).node.begin(command, deadline: deadline) { [self] result in
            if case .failure(let error) = result, translated(error).isOfTopology {
                return detour(command, deadline, after: Attempt(error: translated(error), asked: target), then)
            }
            then(result)
        }
    }

    private func detour(
        _ command: RedisCommand, _ deadline: ContinuousTime, after last: Attempt?,
        _ then: @escaping @Sendable (Result<RESPValue, RedisError>) -> Void
    ) {
        guard let ticket = detoured.add(then) else { return }
        add { [self] in
            let results = await results(of: [command], deadline, after: last)
            detoured.take(ticket)?(results[0])
        }
    }
}
