public import Lockstead

extension LockEngine {
    /// Locks on one Redis or Valkey server.
    ///
    /// Exclusion is advisory: a restart without `appendfsync always`, a failover or a step of the server's wall clock may break it. So
    /// these locks save work; where a mistake costs more, have the resource check tokens, or use an engine with consensus.
    ///
    /// - Parameter engine: The settings.
    /// - Returns: The engine.
    public static func redis(_ engine: RedisEngine) -> LockEngine {
        LockEngine(name: "redis") { context in
            try RedisBackend(engine, client: try engine.client(context), context: context)
        }
    }
}

extension RedisEngine {
    /// The connections to the server, or to those that stand for it.
    ///
    /// - Throws: `LockError` with the code `invalidOption` where the endpoints do not fit the topology.
    func client(_ context: EngineContext) throws(LockError) -> any RedisClient {
        switch topology {
        case .single: return RedisNode(try onlyEndpoint(), configuration: configuration, context: context)
        case .sentinel(let settings):
            guard !configuration.endpoints.isEmpty, !settings.primaryName.isEmpty else {
                throw Self.invalid("A primary is found by its name at one sentinel at least; give both.")
            }
            return SentinelClient(settings, configuration: configuration, context: context)
        case .cluster:
            guard !configuration.endpoints.isEmpty else {
                throw Self.invalid("Name at least one node of the cluster.")
            }
            return RedisCluster(configuration, context: context)
        }
    }

    private func onlyEndpoint() throws(LockError) -> RedisEndpoint {
        guard let endpoint = configuration.endpoints.first, configuration.endpoints.count == 1 else {
            throw Self.invalid("This engine works on one server; name exactly one.")
        }
        return endpoint
    }
}
