import Lockstead
import Logging
import RESP
import Synchronization

extension RedisCluster {
    /// Between two looks at the cluster: half of the second within which holders learn of a failover.
    private static let period = Duration.milliseconds(500)
    /// However much is redirected, no sooner than so; the pause doubles while nothing new is found, as where slots are not served.
    private static let shortestPause = Duration.milliseconds(20)
    private static let longestPause = Duration.milliseconds(160)
    /// A node that does not say how the cluster is within this time is passed over.
    private static let patience = Duration.milliseconds(400)

    /// What a node told.
    private struct View {
        let reading: ClusterPulse.Reading
        let map: ClusterMap
    }

    /// Looks at the cluster, every so often and whenever somebody doubts what is known of it.
    func watchTopology() async {
        var (pulse, troubled, isDoubted) = (ClusterPulse(), Set<RedisEndpoint>(), true)
        var pause = Self.shortestPause
        while !Task.isCancelled {
            let before = state.withLock(\.map)
            await look(&pulse, &troubled, isDoubted: isDoubted)
            let isVain = isDoubted && state.withLock(\.map) == before
            pause = isVain ? min(pause * 2, Self.longestPause) : Self.shortestPause
            let next = context.time.now.advanced(by: Self.period)
            // Cancelled, the loop ends by itself.
            _ = try? await context.time.sleep(until: context.time.now.advanced(by: pause))
            _ = try? await doubted.sleep(until: next, on: context.time)
            isDoubted = context.time.now < next
        }
    }

    private func look(_ pulse: inout ClusterPulse, _ troubled: inout Set<RedisEndpoint>, isDoubted: Bool) async {
        let isKnown = state.withLock { $0.map != nil }
        guard isKnown, !isDoubted else { return await refresh(&troubled) }
        for endpoint in candidates(troubled).prefix(2) {
            guard let reading = await reading(from: endpoint) else {
                troubled.insert(endpoint)
                continue
            }
            troubled.remove(endpoint)
            guard pulse.isMapWanted(after: reading, at: context.time.now) else { return }
            break
        }
        await refresh(&troubled)
    }

    /// Those to ask, the last one asked and those in trouble last.
    private func candidates(_ troubled: Set<RedisEndpoint>) -> [RedisEndpoint] {
        let primaries = state.withLock { state in
            let first = state.anyPrimary()
            return first.map { first in [first] + state.primaries.filter { $0 != first } } ?? []
        }
        let all = primaries + configuration.endpoints.filter { !primaries.contains($0) }
        return all.filter { !troubled.contains($0) } + all.filter(troubled.contains)
    }

    private func reading(from endpoint: RedisEndpoint) async -> ClusterPulse.Reading? {
        let end = context.time.now.advanced(by: Self.patience)
        questions.add()
        // Whoever does not answer is passed over.
        let answer = try? await member(at: endpoint).node.send(RedisCommand("CLUSTER", "INFO"), deadline: end)
        return answer.flatMap(ClusterPulse.Reading.init)
    }

    /// Reads the whole map from the first node that knows at least as much as we do and serves, else from the one that knows most.
    ///
    /// During a failover none may serve; those in trouble are waited for only where no other knows anything.
    private func refresh(_ troubled: inout Set<RedisEndpoint>) async {
        let earlier = troubled
        var (best, failure) = (nil as View?, nil as RedisError?)
        for endpoint in candidates(troubled) where !Task.isCancelled {
            if best != nil, earlier.contains(endpoint) { break }
            do throws(RedisError) {
                let view = try await view(from: endpoint)
                troubled.remove(endpoint)
                if view.reading.isServing, view.reading.epoch >= state.withLock({ $0.epoch }) { return take(view) }
                if best.map({ $0.reading.epoch < view.reading.epoch }) ?? true { best = view }
            } catch {
                troubled.insert(endpoint)
                failure = failure ?? error
            }
        }
        if let best { return take(best) }
        if let failure { fail(failure) }
    }

    private func view(from endpoint: RedisEndpoint) async throws(RedisError) -> View {
        // The first connection may take its time.
        let isKnown = state.withLock { $0.map != nil }
        let patience = isKnown ? Self.patience : min(configuration.timeouts.connect, configuration.timeouts.command)
        questions.add(2)
        let answers = await member(at: endpoint).node.pipeline(
            [RedisCommand("CLUSTER", "INFO"), RedisCommand("CLUSTER", "SLOTS")],
            deadline: context.time.now.advanced(by: patience))
        let (info, slots) = (try told(answers[0], endpoint), try told(answers[1], endpoint))
        guard let reading = ClusterPulse.Reading(info), let map = ClusterMap(slots, from: endpoint) else {
            throw RedisError(
                .unexpectedReply, "\(endpoint) describes its cluster in a way that cannot be read.",
                effect: .didNotHappen)
        }
        return View(reading: reading, map: map)
    }

    /// A question about the cluster changes nothing, whatever became of it.
    private func told(
        _ answer: Result<RESPValue, RedisError>, _ endpoint: RedisEndpoint
    ) throws(RedisError) -> RESPValue {
        do throws(RedisError) { return try answer.get() } catch {
            if error.serverText?.contains("cluster support disabled") ?? false { throw .noCluster(endpoint) }
            guard error.code == .deadlineExceeded else { throw error.with(effect: .didNotHappen) }
            throw RedisError(.unreachable, "\(endpoint) does not answer.", effect: .didNotHappen)
        }
    }

    private func fail(_ failure: RedisError) {
        state.withLock { state in if state.map == nil { state.failure = failure } }
        context.logger.debug("No node tells the cluster's slots", metadata: ["error": "\(failure)"])
        changes.ring()
    }

    private func take(_ view: View) {
        let (takeovers, retired) = state.withLock {
            $0.take(view.map, epoch: view.reading.epoch, at: context.time.now)
        }
        for endpoint in view.map.primaries.map(\.endpoint) { _ = member(at: endpoint) }
        for takeover in takeovers { upheaval.yield(takeover) }
        for member in retired {
            member.retire()
            for hearing in hearings.all { hearing.leave(member.endpoint) }
        }
        changes.ring()
        settleHearings()
    }
}

extension RedisError {
    static func noCluster(_ endpoint: RedisEndpoint) -> RedisError {
        RedisError(
            .refused, "\(endpoint) is no node of a cluster; open it with redis:// instead of redis+cluster://.",
            effect: .didNotHappen)
    }
}
