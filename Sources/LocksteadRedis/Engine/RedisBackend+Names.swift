package import Lockstead

extension RedisBackend: NameGroupingBackend {
    /// In a cluster names of one slot lie together: those with the same hash tag, and others by chance.
    package func takesTogether(_ names: [LockName]) -> Bool {
        // What is no name here is refused by the acquire.
        guard let keys = try? keys(of: names) else { return true }
        return engine.topology != .cluster || Set(keys.map { ClusterSlot(of: $0.main) }).count <= 1
    }

    /// Refuses what the engine cannot carry: in a cluster names of several slots, which no server has together (R40).
    func check(_ request: LockRequest) throws(LockError) {
        guard request.names.count > 1, engine.topology == .cluster else {
            return try request.check(against: capabilities)
        }
        guard takesTogether(request.names) else {
            throw LockError(
                .unsupported,
                "The names lie in different slots of the cluster, and no server has them all. Give them a common hash tag, such as {orders}/1 and {orders}/2, or take one after the other.",
                effect: .didNotHappen)
        }
        let together = Capabilities(
            engine: capabilities.engine, guarantee: capabilities.guarantee,
            features: capabilities.features.union(.severalNames), shortestLease: capabilities.shortestLease,
            longestLease: capabilities.longestLease, queuesLocally: capabilities.queuesLocally)
        try request.check(against: together)
    }
}
