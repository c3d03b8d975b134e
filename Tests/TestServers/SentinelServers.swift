import Foundation

/// A primary with two replicas and three sentinels, all real, on this machine.
package final class SentinelServers: Sendable {
    /// What the sentinels call the primary.
    package static let primaryName = "locks"

    /// The first of them is the primary to begin with.
    package let servers: [RedisServer]
    package let sentinels: [SentinelServer]
    package let certificates: TestCertificates?

    /// Starts everything, and waits until every sentinel knows all others and both replicas.
    ///
    /// - Parameters:
    ///   - kind: Which program.
    ///   - downAfter: After how many milliseconds without an answer a sentinel takes the primary for dead.
    ///   - options: More of the servers' options.
    ///   - tls: Whether all of them speak TLS alone.
    ///   - place: Where they run.
    ///   - site: Where the primary and one of the sentinels run; with the others unless given.
    /// - Throws: `ServerError` where something is not installed or does not come up.
    package init(
        _ kind: RedisServer.Kind = .redis, downAfter: Int = 1_000, options: [String] = [], tls: Bool = false,
        place: ServerPlace = .loopback, site: ServerPlace? = nil
    ) async throws {
        certificates = tls ? try TestCertificates(in: ServerProcess.makeFolder()) : nil
        let primary = try await RedisServer(
            kind, tls: tls, certificates: certificates, place: site ?? place, options: options)
        var servers = [primary]
        for _ in 0..<2 {
            let replica = ["--replicaof", primary.host, "\(primary.port)", "--repl-diskless-sync-delay", "0"]
            servers.append(
                try await RedisServer(
                    kind, tls: tls, certificates: certificates, place: place, options: options + replica))
        }
        try await Self.awaitReplicas(of: primary)
        var sentinels: [SentinelServer] = []
        for place in [site ?? place, place, place] {
            sentinels.append(try SentinelServer(kind, of: primary, downAfter: downAfter, place: place))
        }
        (self.servers, self.sentinels) = (servers, sentinels)
        for sentinel in sentinels { try await sentinel.awaitCompany() }
    }

    /// What opens the engine.
    package func url(_ options: String = "") -> String {
        let hosts = sentinels.map { "\($0.host):\($0.port)" }.joined(separator: ",")
        return "\(certificates == nil ? "redis" : "rediss")+sentinel://\(hosts)/\(Self.primaryName)\(options)"
    }

    /// The server that most sentinels name, as far as those can be asked that are in the range.
    package func primary(seenBy range: PartialRangeFrom<Int> = 0...) -> RedisServer? {
        // A sentinel that is down names nobody.
        let named = sentinels[range].compactMap { try? $0.primaryPort() }
        return servers.first { server in named.filter { $0 == server.port }.count > sentinels.count / 2 }
    }

    /// Waits until another server than this one is the primary.
    package func awaitFailover(
        from old: RedisServer, seenBy range: PartialRangeFrom<Int> = 0...
    ) async throws -> RedisServer {
        for _ in 0..<3_000 {
            if let new = primary(seenBy: range), new.port != old.port { return new }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw ServerError("nobody took over")
    }

    private static func awaitReplicas(of primary: RedisServer) async throws {
        for _ in 0..<1_000 {
            let replicas = try primary.ask("INFO", "replication").components(separatedBy: "state=online").count - 1
            if replicas == 2 { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerError("the replicas do not come up")
    }

    /// Ends everything at once.
    package func kill() {
        for sentinel in sentinels { sentinel.kill() }
        for server in servers { server.kill() }
    }
}

/// One real sentinel.
package final class SentinelServer: Sendable {
    package let port: Int
    /// The address it listens on.
    package let host: String
    private let certificates: TestCertificates?
    private let process: ServerProcess

    fileprivate init(_ kind: RedisServer.Kind, of primary: RedisServer, downAfter: Int, place: ServerPlace) throws {
        (host, port, certificates) = (place.host, try Loopback.freePort(), primary.certificates)
        let folder = try ServerProcess.makeFolder()
        let name = SentinelServers.primaryName
        let configuration = folder.appendingPathComponent("sentinel.conf")
        try """
        bind \(host)
        protected-mode no
        \(certificates == nil ? "port" : "port 0\ntls-replication yes\ntls-auth-clients no\ntls-port") \(port)
        dir \(folder.path)
        sentinel monitor \(name) \(primary.host) \(primary.port) 2
        sentinel down-after-milliseconds \(name) \(downAfter)
        sentinel failover-timeout \(name) 3000

        """.write(to: configuration, atomically: true, encoding: .utf8)
        process = try ServerProcess(
            kind.rawValue, in: folder,
            [configuration.path, "--sentinel"] + (certificates.map { $0.options($0.server) } ?? []),
            launcher: place.launcher)
    }

    /// Sends a command as an operator would.
    @discardableResult
    package func ask(_ arguments: String...) throws -> String {
        try RedisCommandLine.ask(host: host, port: port, certificates, arguments)
    }

    /// Where the primary listens, as this sentinel has it.
    package func primaryPort() throws -> Int? {
        let lines = try ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SentinelServers.primaryName)
        return lines.split(separator: "\n").last.flatMap { Int($0) }
    }

    fileprivate func awaitCompany() async throws {
        for _ in 0..<1_500 {
            // Until it listens it cannot be asked.
            let said = (try? ask("SENTINEL", "MASTER", SentinelServers.primaryName)) ?? ""
            let words = said.split(separator: "\n").map(String.init)
            let fields = Dictionary(
                stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) },
                uniquingKeysWith: { first, _ in first })
            if fields["num-other-sentinels"] == "2", fields["num-slaves"] == "2" { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerError("a sentinel does not find the others: \(process.log)")
    }

    /// Ends it at once.
    package func kill() { process.kill() }

    /// Starts it anew on the same port.
    package func restart() throws { try process.start() }

    /// Holds it in its steps.
    package func pause() { process.pause() }

    /// Lets it go on.
    package func resume() { process.resume() }
}
