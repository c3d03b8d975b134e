#if Redis
    import Lockstead
    import LocksteadRedis

    /// `redis://[user:password@]host[:port][/database][?option=value…]`, `redis+unix:///socket`,
    /// `redis+sentinel://[user:password@]sentinel[:port],…/primary[/database]`, `redis+cluster://[user:password@]node[:port],…`, and with
    /// TLS `rediss://` and so on.
    enum RedisURL {
        static let usualPort = 6379
        private static let usualSentinelPort = 26_379
        private static let forAll = [
            "share", "prefix", "longestLease", "eviction", "protocol", "connections", "timeout", "clientName", "ack",
            "ackTimeout",
        ]
        private static let forSockets = ["database", "user", "password"]
        private static let forSentinels = ["sentinelUser", "sentinelPassword"]

        static func settings(from url: EngineURL) throws(LockError) -> RedisEngine {
            let scheme = Scheme(url.scheme)
            try url.requireOptions(among: forAll + scheme.options)
            var engine = RedisEngine(try scheme.configuration(url))
            if scheme.isSecure { engine.configuration.tls = try url.tls() }
            if scheme.form == "sentinel" { engine.topology = .sentinel(try sentinel(url)) }
            if scheme.form == "cluster" { engine.topology = .cluster }
            try read(url, into: &engine.configuration)
            try read(url, into: &engine)
            return engine
        }

        /// What a scheme says: the product does not matter, a further "s" means TLS, and what follows the plus where the servers are.
        private struct Scheme {
            let isSecure: Bool
            let form: Substring

            init(_ text: String) {
                let parts = text.split(separator: "+")
                isSecure = ["rediss", "valkeys"].contains(parts[0])
                form = parts.count > 1 ? parts[1] : ""
            }

            var options: [String] {
                let tls = isSecure ? EngineURL.optionsForTLS : []
                return switch form {
                case "unix": RedisURL.forSockets
                case "sentinel": tls + RedisURL.forSentinels
                default: tls
                }
            }

            func configuration(_ url: EngineURL) throws(LockError) -> RedisConfiguration {
                switch form {
                case "unix": try RedisURL.socket(url)
                case "sentinel": try RedisURL.sentinels(url)
                case "cluster": try RedisURL.cluster(url)
                default: try RedisURL.host(url)
                }
            }
        }

        private static func read(_ url: EngineURL, into engine: inout RedisEngine) throws(LockError) {
            engine.prefix = url.option("prefix") ?? ""
            engine.sharing =
                try url.choice("share", among: ["lockstead": .lockstead, "foreign": .foreign]) ?? .lockstead
            engine.acceptsEviction = try url.choice("eviction", among: ["refuse": false, "accept": true]) ?? false
            if let lease = try url.duration("longestLease") { engine.longestLease = lease }
            if let count = try url.number("ack", in: 0...16) { engine.acknowledgements = count }
            if let timeout = try url.duration("ackTimeout") { engine.acknowledgementTimeout = timeout }
        }

        static func read(_ url: EngineURL, into configuration: inout RedisConfiguration) throws(LockError) {
            let versions: [String: RedisConfiguration.ProtocolVersion] = ["2": .resp2, "3": .resp3, "any": .negotiated]
            configuration.protocolVersion = try url.choice("protocol", among: versions) ?? .negotiated
            if let count = try url.number("connections", in: 1...64) { configuration.connectionsPerNode = count }
            if let timeout = try url.duration("timeout") {
                configuration.timeouts.command = timeout
                configuration.timeouts.connect = min(timeout, configuration.timeouts.connect)
            }
            if let name = url.option("clientName") {
                guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                    throw refusal("has a clientName with a space or a sign beyond ASCII; the server takes neither")
                }
                configuration.clientName = name.isEmpty ? nil : name
            }
        }

        static func refusal(_ problem: String) -> LockError {
            LockError(.invalidOption, "The Redis engine's URL \(problem).", effect: .didNotHappen)
        }
    }

    // MARK: Where the server is

    extension RedisURL {
        private static func host(_ url: EngineURL) throws(LockError) -> RedisConfiguration {
            let authority = Authority(url.authority ?? "")
            guard authority.places.count == 1 else {
                throw refusal("names several hosts; name one, or write redis+sentinel://host1,host2,host3/primary")
            }
            var configuration = try reached(authority, usualPort: usualPort)
            configuration.database = try database(url.path.dropFirst())
            return configuration
        }

        private static func sentinels(_ url: EngineURL) throws(LockError) -> RedisConfiguration {
            var configuration = try reached(Authority(url.authority ?? ""), usualPort: usualSentinelPort)
            let parts = url.path.split(separator: "/", omittingEmptySubsequences: false)
            configuration.database = try database(parts.count > 2 ? parts[2] : "")
            return configuration
        }

        private static func sentinel(_ url: EngineURL) throws(LockError) -> SentinelSettings {
            let parts = url.path.split(separator: "/", omittingEmptySubsequences: false)
            guard (2...3).contains(parts.count), !parts[1].isEmpty else {
                throw refusal(
                    "has no primary's name after the sentinels; write it like redis+sentinel://host1,host2,host3/mymaster"
                )
            }
            return SentinelSettings(
                primaryName: try PercentCoding.decode(parts[1]), user: url.option("sentinelUser"),
                password: url.option("sentinelPassword"))
        }

        private static func cluster(_ url: EngineURL) throws(LockError) -> RedisConfiguration {
            guard try database(url.path.dropFirst()) == 0 else {
                throw refusal("names a database; a cluster has none but 0")
            }
            return try reached(Authority(url.authority ?? ""), usualPort: usualPort)
        }

        private static func reached(
            _ authority: Authority, usualPort: Int
        ) throws(LockError) -> RedisConfiguration {
            var configuration = RedisConfiguration(endpoints: try endpoints(authority, usualPort: usualPort))
            (configuration.user, configuration.password) = try authority.credentials()
            return configuration
        }

        static func endpoints(
            _ authority: Authority, usualPort: Int
        ) throws(LockError) -> [RedisEndpoint] {
            try authority.addresses(usualPort: usualPort, form: "redis://host:6379", refusal: refusal)
                .map { .host($0.host, port: $0.port) }
        }

        private static func socket(_ url: EngineURL) throws(LockError) -> RedisConfiguration {
            guard url.authority ?? "" == "", url.path.hasPrefix("/"), url.path.utf8.count > 1 else {
                throw refusal("has no socket; write three slashes and the whole path: redis+unix:///run/redis.sock")
            }
            var configuration = RedisConfiguration(endpoints: [.unixSocket(path: url.path)])
            (configuration.user, configuration.password) = (url.option("user"), url.option("password"))
            configuration.database = try database((url.option("database") ?? "")[...])
            return configuration
        }

        static func database(_ text: Substring) throws(LockError) -> Int {
            if text.isEmpty { return 0 }
            guard let number = UInt16(text) else {
                throw refusal("has something else than a database's number after the host, such as redis://host/0")
            }
            return Int(number)
        }
    }
#endif
