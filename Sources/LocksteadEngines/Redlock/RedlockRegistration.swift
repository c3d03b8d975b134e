#if Redis
    import Lockstead
    import LocksteadRedis

    /// `redlock://h1,h2,h3` — locks that a majority of independent Redis or Valkey servers grants.
    struct RedlockRegistration: EngineRegistration {
        let schemes = ["redlock", "redlocks"]
        let form = "redlock://h1,h2,h3"

        func open(_ url: EngineURL) throws(LockError) -> LockEngine { .redlock(try RedlockURL.settings(from: url)) }

        func doctorRules(for url: EngineURL) throws(LockError) -> [any DoctorRule] {
            RedlockRules.all(of: try RedlockURL.settings(from: url))
        }
    }
#endif
