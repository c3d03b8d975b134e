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
            try RedisBackend(engine, client: try engine.node(context), context: context)
        }
    }
}

extension RedisEngine {
    /// The connections to the one server.
    ///
    /// - Throws: `LockError` with the code `invalidOption` where there is not exactly one.
    func node(_ context: EngineContext) throws(LockError) -> RedisNode {
        guard let endpoint = configuration.endpoints.first, configuration.endpoints.count == 1 else {
            throw LockError(
                .invalidOption, "The Redis engine works on one server; name exactly one.", effect: .didNotHappen)
        }
        return RedisNode(endpoint, configuration: configuration, context: context)
    }
}
