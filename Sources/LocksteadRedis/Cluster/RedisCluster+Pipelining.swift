package import Lockstead
package import RESP

extension RedisCluster {
    package func pipeline(_ commands: [RedisCommand], deadline: ContinuousTime?) async -> [Result<
        RESPValue, RedisError
    >] {
        let deadline = deadline ?? defaultDeadline
        var groups: [RedisEndpoint?: [Int]] = [:]
        var place: RedisEndpoint?
        for (index, command) in commands.enumerated() {
            if !command.isFollowing { place = target(of: command) }
            groups[place, default: []].append(index)
        }
        return await withTaskGroup(of: [(Int, Result<RESPValue, RedisError>)].self) { group in
            for (target, indices) in groups {
                let part = indices.map { commands[$0] }
                group.addTask { Array(zip(indices, await self.pipeline(part, to: target, deadline))) }
            }
            var results = [Result<RESPValue, RedisError>](
                repeating: .failure(.cancelled(.didNotHappen)), count: commands.count)
            for await part in group {
                for (index, result) in part { results[index] = result }
            }
            return results
        }
    }

    /// Commands for one node in one go; those that it does not take go their ways one by one.
    private func pipeline(
        _ commands: [RedisCommand], to target: RedisEndpoint?, _ deadline: ContinuousTime
    ) async -> [Result<RESPValue, RedisError>] {
        let trains = Self.trains(of: commands)
        guard let target else {
            var answers: [Result<RESPValue, RedisError>] = []
            for train in trains { answers += await results(of: Array(commands[train]), deadline, after: nil) }
            return answers
        }
        var answers = await member(at: target).node.pipeline(commands, deadline: deadline)
        for train in trains {
            guard case .failure(let error) = answers[train.lowerBound] else { continue }
            let failure = translated(error)
            answers[train.lowerBound] = .failure(failure)
            guard failure.isOfTopology else { continue }
            let attempt = Attempt(error: failure, asked: target)
            answers.replaceSubrange(train, with: await results(of: Array(commands[train]), deadline, after: attempt))
        }
        return answers
    }

    /// Each command with those that follow it.
    private static func trains(of commands: [RedisCommand]) -> [Range<Int>] {
        let starts = commands.indices.filter { $0 == 0 || !commands[$0].isFollowing }
        return zip(starts, starts.dropFirst() + [commands.count]).map { $0..<$1 }
    }

    /// One for each command; where the first one failed, nothing is known of its followers.
    func results(
        of train: [RedisCommand], _ deadline: ContinuousTime, after last: Attempt?
    ) async -> [Result<RESPValue, RedisError>] {
        do throws(RedisError) { return try await send(train, deadline, after: last) } catch {
            return train.map { _ in .failure(error) }
        }
    }
}
