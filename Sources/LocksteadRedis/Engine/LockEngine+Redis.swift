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
            guard let endpoint = engine.configuration.endpoints.first, engine.configuration.endpoints.count == 1 else {
                throw LockError(
                    .invalidOption, "The Redis engine works on one server; name exactly one.", effect: .didNotHappen)
            }
            let client = RedisNode(endpoint, configuration: engine.configuration, context: context)
            return try RedisBackend(engine, client: client, context: context)
        }
    }
}
