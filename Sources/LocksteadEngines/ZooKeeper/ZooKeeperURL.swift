#if ZooKeeper
    import Lockstead
    import LocksteadZooKeeper

    /// `zookeeper://[user:password@]host[:port][,host[:port]…][/chroot][?option=value…]`, and with TLS `zookeepers://`.
    enum ZooKeeperURL {
        private static let forAll = ["prefix", "layout", "access", "tickTime", "longestLease", "timeout"]

        static func settings(from url: EngineURL) throws(LockError) -> ZooKeeperEngine {
            let isSecure = ["zookeepers", "zks"].contains(url.scheme)
            try url.requireOptions(among: forAll + (isSecure ? EngineURL.optionsForTLS : []))
            var engine = ZooKeeperEngine(try configuration(url))
            if isSecure { engine.configuration.tls = try url.tls() }
            engine.prefix = url.option("prefix") ?? ""
            let layouts = Dictionary(uniqueKeysWithValues: ZooKeeperLayout.allCases.map { ($0.rawValue, $0) })
            if let layout = try url.choice("layout", among: layouts) { engine.layout = layout }
            engine.access = try url.choice("access", among: ["open": .open, "creator": .creator])
            engine.tickTime = try url.duration("tickTime")
            if let lease = try url.duration("longestLease") { engine.longestLease = lease }
            if let timeout = try url.duration("timeout") {
                engine.configuration.timeouts.call = timeout
                engine.configuration.timeouts.connect = min(timeout, engine.configuration.timeouts.connect)
            }
            return engine
        }

        private static func configuration(_ url: EngineURL) throws(LockError) -> ZooKeeperConfiguration {
            let authority = Authority(url.authority ?? "")
            let endpoints = try authority.addresses(usualPort: 2181, form: "zookeeper://host:2181", refusal: refusal)
                .map { ZooKeeperEndpoint($0.host, port: $0.port) }
            guard Set(endpoints).count == endpoints.count else { throw refusal("names a server twice; name each once") }
            var configuration = ZooKeeperConfiguration(endpoints: endpoints)
            configuration.chroot = url.path
            (configuration.user, configuration.password) = try authority.credentials()
            guard configuration.user != nil || configuration.password == nil else {
                throw refusal("has a password without a user; write zookeeper://user:password@host")
            }
            return configuration
        }

        private static func refusal(_ problem: String) -> LockError {
            LockError(.invalidOption, "The zookeeper engine's URL \(problem).", effect: .didNotHappen)
        }
    }
#endif
