#if Redis
    import Lockstead
    import LocksteadRedis

    /// `redis://[user:password@]host[:port][/database][?option=value…]`, `rediss://` with TLS, and `redis+unix:///socket`.
    enum RedisURL {
        private static let usualPort = 6379
        private static let forAll = [
            "share", "prefix", "longestLease", "eviction", "protocol", "connections", "timeout", "clientName",
        ]
        private static let forSockets = ["database", "user", "password"]
        private static let forTLS = ["ca", "certificate", "key", "serverName", "verify"]

        static func settings(from url: EngineURL) throws(LockError) -> RedisEngine {
            let isSocket = url.scheme.hasSuffix("+unix")
            let isSecure = ["rediss", "valkeys"].contains(url.scheme)
            try url.requireOptions(among: forAll + (isSocket ? forSockets : []) + (isSecure ? forTLS : []))
            var configuration = isSocket ? try socket(url) : try host(url)
            if isSecure { configuration.tls = try tls(url) }
            try read(url, into: &configuration)
            var engine = RedisEngine(configuration)
            try read(url, into: &engine)
            return engine
        }

        private static func read(_ url: EngineURL, into engine: inout RedisEngine) throws(LockError) {
            engine.prefix = url.option("prefix") ?? ""
            engine.sharing =
                try url.choice("share", among: ["lockstead": .lockstead, "foreign": .foreign]) ?? .lockstead
            engine.acceptsEviction = try url.choice("eviction", among: ["refuse": false, "accept": true]) ?? false
            if let lease = try url.duration("longestLease") { engine.longestLease = lease }
        }

        private static func read(_ url: EngineURL, into configuration: inout RedisConfiguration) throws(LockError) {
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

        private static func tls(_ url: EngineURL) throws(LockError) -> RedisTLS {
            var tls = RedisTLS()
            tls.authorityFile = url.option("ca")
            tls.certificateFile = url.option("certificate")
            tls.privateKeyFile = url.option("key")
            tls.serverName = url.option("serverName")
            let verifications: [String: RedisTLS.Verification] = [
                "full": .full, "trust": .trustOnly, "none": .insecure,
            ]
            tls.verification = try url.choice("verify", among: verifications) ?? .full
            guard (tls.certificateFile == nil) == (tls.privateKeyFile == nil) else {
                throw refusal("has one of certificate= and key=; a certificate of ours needs both")
            }
            return tls
        }

        static func refusal(_ problem: String) -> LockError {
            LockError(.invalidOption, "The Redis engine's URL \(problem).", effect: .didNotHappen)
        }
    }

    // MARK: Where the server is

    extension RedisURL {
        private static func host(_ url: EngineURL) throws(LockError) -> RedisConfiguration {
            let authority = Authority(url.authority ?? "")
            guard let place = authority.place else {
                throw refusal("has no host; write it like redis://host:6379")
            }
            let port = try authority.port.map(port) ?? usualPort
            var configuration = RedisConfiguration(endpoints: [.host(try PercentCoding.decode(place), port: port)])
            configuration.user = try authority.user.map(PercentCoding.decode)
            configuration.password = try authority.password.map(PercentCoding.decode)
            configuration.database = try database(url.path.dropFirst())
            return configuration
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

        private static func port(_ text: Substring) throws(LockError) -> Int {
            guard let port = UInt16(text), port > 0 else {
                throw refusal("has no port from 1 to 65535 after the colon")
            }
            return Int(port)
        }

        private static func database(_ text: Substring) throws(LockError) -> Int {
            if text.isEmpty { return 0 }
            guard let number = UInt16(text) else {
                throw refusal("has something else than a database's number after the host, such as redis://host/0")
            }
            return Int(number)
        }

        /// `[user[:password]@]host[:port]`, undecoded; a host of colons stands in brackets.
        private struct Authority {
            var user: Substring?
            var password: Substring?
            var place: Substring?
            var port: Substring?

            init(_ text: String) {
                var rest = Substring(text)
                if let at = rest.lastIndex(of: "@") {
                    let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                    user = parts.first.flatMap { $0.isEmpty ? nil : $0 }
                    password = parts.count > 1 ? parts[1] : nil
                    rest = rest[rest.index(after: at)...]
                }
                if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
                    place = rest[rest.index(after: rest.startIndex)..<end]
                    rest = rest[rest.index(after: end)...]
                    if rest.hasPrefix(":") { port = rest.dropFirst() } else if !rest.isEmpty { place = nil }
                } else {
                    let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                    place = parts.first
                    port = parts.count > 1 ? parts[1] : nil
                }
                if place?.isEmpty ?? true { place = nil }
            }
        }
    }
#endif
