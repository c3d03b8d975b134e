import Lockstead

extension RedisBackend {
    /// What the scripts are told of where this client's waiters for these names listen.
    ///
    /// In a cluster that is a channel of the names' slot: the node that hands over counts its own listeners alone.
    func wakeChannel(of keys: [LockKeys]) -> String {
        guard engine.topology == .cluster, let main = keys.first?.main else { return channel }
        return shardChannel(of: ClusterSlot(of: main))
    }

    /// Has a waiter's slot listened to as long as it waits, and a while longer for the next one.
    ///
    /// - Returns: `nil` where all waiters are told on the client's own channel.
    func listenInShard(for ask: Ask) -> ShardHearings.Stay? {
        guard engine.topology == .cluster, let main = ask.keys.first?.main else { return nil }
        let slot = ClusterSlot(of: main)
        return shards.stay(in: slot, now: time.now) { hearing(of: slot) }
    }

    private func hearing(of slot: ClusterSlot) -> RedisHearing {
        client.hear(.shard(shardChannel(of: slot))) { [weak self] event in
            switch event {
            // A release before the confirmation found nobody listening (R28).
            case .subscribed?, .interrupted?: self?.wakes.ring(in: slot)
            case .message(let message)?: self?.hear(message.payload)
            case .refused(let error)?: self?.isDeaf(error)
            case nil: return
            }
        }
    }
}
