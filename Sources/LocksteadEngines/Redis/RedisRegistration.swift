#if Redis
    import Lockstead
    import LocksteadRedis

    /// `redis://host:port` — locks on one Redis or Valkey server.
    struct RedisRegistration: EngineRegistration {
        let schemes = ["redis", "rediss", "valkey", "valkeys", "redis+unix", "valkey+unix"].flatMap { scheme in
            scheme.hasSuffix("+unix") ? [scheme] : [scheme, scheme + "+sentinel", scheme + "+cluster"]
        }
        let form = "redis://host:6379"

        func open(_ url: EngineURL) throws(LockError) -> LockEngine { .redis(try RedisURL.settings(from: url)) }

        func doctorRules(for url: EngineURL) throws(LockError) -> [any DoctorRule] {
            RedisRules.all(of: try RedisURL.settings(from: url))
        }
    }
#endif
