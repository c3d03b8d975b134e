#if Etcd
    import Lockstead
    import LocksteadEtcd

    /// `etcd://[user:password@]host[:port][,host[:port]…][?option=value…]`, and with TLS `etcds://`.
    enum EtcdURL {
        private static let forAll = ["prefix", "longestLease", "timeout"]
        private static let forTLS = ["ca", "certificate", "key", "serverName", "verify"]

        static func settings(from url: EngineURL) throws(LockError) -> EtcdEngine {
            let isSecure = url.scheme == "etcds"
            try url.requireOptions(among: forAll + (isSecure ? forTLS : []))
            guard ["", "/"].contains(url.path) else { throw refusal("has a path; give a prefix as ?prefix=") }
            var engine = EtcdEngine(try configuration(url))
            if isSecure { engine.configuration.tls = try tls(url) }
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
            var endpoints: [EtcdEndpoint] = []
            for place in authority.places {
                guard let host = place.host else { throw refusal("has no host; write it like etcd://host:2379") }
                var endpoint = EtcdEndpoint(try PercentCoding.decode(host))
                if let port = place.port { endpoint.port = try number(port) }
                endpoints.append(endpoint)
            }
            guard Set(endpoints).count == endpoints.count else { throw refusal("names a member twice; name each once") }
            var configuration = EtcdConfiguration(endpoints: endpoints)
            configuration.user = try authority.user.map(PercentCoding.decode)
            configuration.password = try authority.password.map(PercentCoding.decode)
            guard configuration.user != nil || configuration.password == nil else {
                throw refusal("has a password without a user; write etcd://user:password@host")
            }
            return configuration
        }

        private static func number(_ text: Substring) throws(LockError) -> Int {
            guard let port = UInt16(text), port > 0 else {
                throw refusal("has no port from 1 to 65535 after the colon")
            }
            return Int(port)
        }

        private static func tls(_ url: EngineURL) throws(LockError) -> EtcdTLS {
            var tls = EtcdTLS()
            tls.authorityFile = url.option("ca")
            tls.certificateFile = url.option("certificate")
            tls.privateKeyFile = url.option("key")
            tls.serverName = url.option("serverName")
            let verifications: [String: EtcdTLS.Verification] = ["full": .full, "trust": .trustOnly, "none": .insecure]
            tls.verification = try url.choice("verify", among: verifications) ?? .full
            guard (tls.certificateFile == nil) == (tls.privateKeyFile == nil) else {
                throw refusal("has one of certificate= and key=; a certificate of ours needs both")
            }
            return tls
        }

        private static func refusal(_ problem: String) -> LockError {
            LockError(.invalidOption, "The etcd engine's URL \(problem).", effect: .didNotHappen)
        }
    }
#endif
