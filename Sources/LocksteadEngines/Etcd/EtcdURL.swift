#if Etcd
    import Lockstead
    import LocksteadEtcd

    /// `etcd://[user:password@]host[:port][,host[:port]…][?option=value…]`, and with TLS `etcds://`.
    enum EtcdURL {
        private static let forAll = ["prefix", "longestLease", "timeout"]

        static func settings(from url: EngineURL) throws(LockError) -> EtcdEngine {
            let isSecure = url.scheme == "etcds"
            try url.requireOptions(among: forAll + (isSecure ? EngineURL.optionsForTLS : []))
            guard ["", "/"].contains(url.path) else { throw refusal("has a path; give a prefix as ?prefix=") }
            var engine = EtcdEngine(try configuration(url))
            if isSecure { engine.configuration.tls = try url.tls() }
            engine.prefix = url.option("prefix") ?? ""
            if let lease = try url.duration("longestLease") { engine.longestLease = lease }
            if let timeout = try url.duration("timeout") {
                engine.configuration.timeouts.call = timeout
                engine.configuration.timeouts.attempt = min(timeout, engine.configuration.timeouts.attempt)
            }
            return engine
        }

        private static func configuration(_ url: EngineURL) throws(LockError) -> EtcdConfiguration {
            let authority = Authority(url.authority ?? "")
            let endpoints = try authority.addresses(usualPort: 2379, form: "etcd://host:2379", refusal: refusal)
                .map { EtcdEndpoint($0.host, port: $0.port) }
            guard Set(endpoints).count == endpoints.count else { throw refusal("names a member twice; name each once") }
            var configuration = EtcdConfiguration(endpoints: endpoints)
            (configuration.user, configuration.password) = try authority.credentials()
            guard configuration.user != nil || configuration.password == nil else {
                throw refusal("has a password without a user; write etcd://user:password@host")
            }
            return configuration
        }

        private static func refusal(_ problem: String) -> LockError {
            LockError(.invalidOption, "The etcd engine's URL \(problem).", effect: .didNotHappen)
        }
    }
#endif
