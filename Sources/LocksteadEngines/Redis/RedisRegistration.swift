#if Redis
    import Lockstead
    import LocksteadRedis

    /// `redis://host:port` — locks on one Redis or Valkey server.
    struct RedisRegistration: EngineRegistration {
        let schemes = ["redis", "rediss", "redis+unix", "valkey", "valkeys", "valkey+unix"]
        let form = "redis://host:6379"

        func open(_ url: EngineURL) throws(LockError) -> LockEngine { .redis(try RedisURL.settings(from: url)) }

        func doctorRules(for url: EngineURL) throws(LockError) -> [any DoctorRule] {
            RedisRules.all(of: try RedisURL.settings(from: url))
        }
    }
#endif
