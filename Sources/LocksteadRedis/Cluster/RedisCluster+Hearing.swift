import Lockstead
import Synchronization

extension RedisCluster {
    /// A shard's channel is heard where its slot is, any other at some primary: the nodes pass those on to each other.
    package func hear(_ channel: RedisChannel, _ hearer: @escaping RedisHearer) -> RedisHearing {
        let hearing = ClusterHearing(channel, hearer)
        guard let ticket = hearings.add(hearing) else { return RedisHearing {} }
        settle(hearing)
        return ticket
    }

    /// After a change of the topology.
    func settleHearings() {
        for hearing in hearings.all { settle(hearing) }
    }

    /// Has a channel heard where it is to be heard now, unless it is already.
    private func settle(_ hearing: ClusterHearing) {
        let place = hearing.place
        let wanted = state.withLock { state -> RedisEndpoint? in
            if case .shard(let name) = hearing.channel { return state.endpoint(of: ClusterSlot(of: name)) }
            return place.flatMap { state.primaries.contains($0) ? $0 : nil } ?? state.anyPrimary()
        }
        guard let wanted, wanted != place else { return }
        move(hearing, to: wanted)
    }

    private func move(_ hearing: ClusterHearing, to place: RedisEndpoint) {
        let node = member(at: place).node
        hearing.move(to: place) { stay in
            leaveIfSilent(hearing, stay)
            return node.hear(hearing.channel) { [weak self] event in
                // Its end is that of the node, of which the topology tells.
                if let event { self?.heard(event, hearing, stay) }
            }
        }
    }

    /// For so long a primary has time to confirm a channel.
    private static let silence = Duration.seconds(1)

    /// A primary that is down and has no heir yet stays in the map, and says nothing: what any other one tells as well is heard there.
    private func leaveIfSilent(_ hearing: ClusterHearing, _ stay: Int) {
        if case .shard = hearing.channel { return }
        add { [self] in
            // A cancellation is looked at below.
            try? await context.time.sleep(until: context.time.now.advanced(by: Self.silence))
            guard !Task.isCancelled, hearing.isSilent(stay), let other = otherPrimary(than: hearing.place),
                other != hearing.place
            else { return }
            move(hearing, to: other)
        }
    }

    private func heard(_ event: RedisSubscriptionEvent, _ hearing: ClusterHearing, _ stay: Int) {
        if case .refused(let error) = event, error.isOfTopology {
            if let place = hearing.place { note(Attempt(error: error, asked: place)) }
            return again(hearing, stay)
        }
        guard hearing.tell(event, ofStay: stay), case .interrupted = event else { return }
        doubted.ring()
        if case .shard = hearing.channel { return }
        // Another primary hears the same.
        add { [self] in
            guard hearing.isCurrent(stay), let other = otherPrimary(than: hearing.place) else { return }
            move(hearing, to: other)
        }
    }

    private func otherPrimary(than place: RedisEndpoint?) -> RedisEndpoint? {
        state.withLock { $0.primaries.filter { $0 != place }.randomElement() ?? $0.anyPrimary() }
    }

    private static let retryPause = Duration.milliseconds(50)

    /// The node that was asked does not serve the slot: looked for again after a moment, wherever it is then.
    private func again(_ hearing: ClusterHearing, _ stay: Int) {
        add { [self] in
            await changes.sleep(until: context.time.now.advanced(by: Self.retryPause), on: context.time)
            guard hearing.isCurrent(stay), !Task.isCancelled else { return }
            let wanted = state.withLock { state -> RedisEndpoint? in
                guard case .shard(let name) = hearing.channel else { return state.anyPrimary() }
                return state.endpoint(of: ClusterSlot(of: name))
            }
            if let wanted { move(hearing, to: wanted) }
        }
    }
}
