#if Redis
    import Lockstead
    import LocksteadRedis

    /// `redlock://[user:password@]host[:port],host[:port],host[:port][/database][?option=value…]`, and `redlocks://` with TLS.
    ///
    /// User, password, database and options are those of all nodes.
    enum RedlockURL {
        private static let forAll = [
            "prefix", "longestLease", "eviction", "quarantine", "nodeTimeout", "protocol", "timeout", "clientName",
        ]

        static func settings(from url: EngineURL) throws(LockError) -> RedlockEngine {
            let isSecure = url.scheme == "redlocks"
            try url.requireOptions(among: forAll + (isSecure ? EngineURL.optionsForTLS : []))
            var engine = RedlockEngine(try hosts(url))
            if isSecure { engine.configuration.tls = try url.tls() }
            try RedisURL.read(url, into: &engine.configuration)
            engine.prefix = url.option("prefix") ?? ""
            engine.acceptsEviction = try url.choice("eviction", among: ["refuse": false, "accept": true]) ?? false
            engine.quarantine = try url.duration("quarantine")
            if let lease = try url.duration("longestLease") { engine.longestLease = lease }
            if let timeout = try url.duration("nodeTimeout") { engine.nodeTimeout = timeout }
            return engine
        }

        private static func hosts(_ url: EngineURL) throws(LockError) -> RedisConfiguration {
            let authority = Authority(url.authority ?? "")
            guard authority.places.count >= RedlockEngine.fewestNodes else {
                throw LockError(
                    .invalidOption,
                    "The Redlock engine's URL names \(url.authority == nil ? 0 : authority.places.count) nodes and needs at least \(RedlockEngine.fewestNodes); write it like redlock://h1,h2,h3.",
                    effect: .didNotHappen)
            }
            var configuration = RedisConfiguration(
                endpoints: try RedisURL.endpoints(authority, usualPort: RedisURL.usualPort))
            (configuration.user, configuration.password) = try authority.credentials()
            configuration.database = try RedisURL.database(url.path.dropFirst())
            return configuration
        }
    }
#endif
