package import Foundation
import Glibc

/// A real ZooKeeper server on free ports.
package final class ZooKeeperServer: Sendable {
    /// Where clients reach it, with TLS where it is set up so.
    package let port: Int
    /// Where it is asked how it is, in plain text.
    package let plainPort: Int
    /// The address it listens on.
    package let host: String
    package let certificates: TestCertificates?
    private let process: ServerProcess

    /// How a server is set up.
    package struct Setup: Sendable {
        /// Its unit of time in milliseconds: sessions last 2 of them at least.
        package var tickTime = 100
        /// Whether it has a port that speaks TLS alone.
        package var tls = false
        /// Whether it asks for certificates of its clients.
        package var clientCertificates = false
        /// More lines of its configuration, such as `maxSessionTimeout=1000`.
        package var lines: [String] = []
        /// Nodes, and the number of the next child of each.
        package var counts: [String: Int32] = [:]
        /// More words for its Java, such as `-Dzookeeper.forceSync=no`.
        package var javaOptions: [String] = []
        package init(
            tickTime: Int = 100, tls: Bool = false, clientCertificates: Bool = false, lines: [String] = [],
            javaOptions: [String] = []
        ) {
            (self.tickTime, self.tls, self.clientCertificates) = (tickTime, tls, clientCertificates)
            (self.lines, self.javaOptions) = (lines, javaOptions)
        }
    }

    /// Whether tests with ZooKeeper are to run: where it is installed, and always in CI, where its absence is a failure.
    package static var isRequired: Bool {
        ProcessInfo.processInfo.environment["CI"] != nil || FileManager.default.fileExists(atPath: jars[0])
    }

    /// Its own manifest leaves out what its TLS needs.
    private static let jars = ["zookeeper", "slf4j-simple", "netty-codec", "netty-resolver"].map {
        "/usr/share/java/\($0).jar"
    }

    /// Starts a server alone, and waits until it serves.
    ///
    /// - Parameter setup: How it is set up.
    /// - Throws: `ServerError` where it is not installed or does not come up.
    package convenience init(_ setup: Setup = Setup()) async throws {
        try self.init(setup, port: try Loopback.freePort())
        try await waitUntilServing()
    }

    /// Starts a server, which serves once a majority of its ensemble runs.
    ///
    /// - Parameters:
    ///   - setup: How it is set up.
    ///   - plain: Its port for plain text.
    ///   - number: Its own in the ensemble; `nil` for one alone.
    ///   - ensemble: The lines that say where the others are.
    ///   - place: Where it runs.
    /// - Throws: `ServerError` where it is not installed.
    init(
        _ setup: Setup, port plain: Int, number: Int? = nil, ensemble: [String] = [], place: ServerPlace = .loopback
    ) throws {
        let folder = try ServerProcess.makeFolder()
        (plainPort, host) = (plain, place.host)
        certificates = setup.tls ? try TestCertificates(in: folder) : nil
        port = setup.tls ? try Loopback.freePort() : plain
        let data = folder.appendingPathComponent("data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        if !setup.counts.isEmpty { try ZooKeeperNumbers.write(setup.counts, in: data) }
        if let number { try Data("\(number)\n".utf8).write(to: data.appendingPathComponent("myid")) }
        var lines = [
            "tickTime=\(setup.tickTime)", "initLimit=100", "syncLimit=20", "maxSessionTimeout=300000",
            "dataDir=\(data.path)", "clientPort=\(plain)", "clientPortAddress=\(host)", "maxClientCnxns=0",
            "admin.enableServer=false", "4lw.commands.whitelist=srvr,mntr",
        ]
        if let certificates {
            lines += try Self.securityLines(certificates, in: folder, port: port, host: host, setup.clientCertificates)
        }
        let configuration = folder.appendingPathComponent("zoo.cfg")
        try Data((lines + ensemble + setup.lines).joined(separator: "\n").utf8).write(to: configuration)
        process = try ServerProcess(
            "java", in: folder,
            ["-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
                + (setup.counts.isEmpty ? [] : ["-Dzookeeper.snapshot.trust.empty=true"]) + setup.javaOptions + [
                    "-cp", Self.jars.joined(separator: ":"),
                    "org.apache.zookeeper.server.quorum.QuorumPeerMain", configuration.path,
                ], launcher: place.launcher)
    }

    private static func securityLines(
        _ certificates: TestCertificates, in folder: URL, port: Int, host: String, _ asksForCertificates: Bool
    ) throws -> [String] {
        // Java wants the key and its certificate in one file.
        let both = folder.appendingPathComponent("server-both.pem")
        let parts = try [certificates.server.key, certificates.server.certificate].map {
            try String(contentsOfFile: $0, encoding: .utf8)
        }
        try Data(parts.joined(separator: "\n").utf8).write(to: both)
        return [
            "secureClientPort=\(port)", "secureClientPortAddress=\(host)",
            "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
            "ssl.keyStore.location=\(both.path)", "ssl.keyStore.type=PEM",
            "ssl.trustStore.location=\(certificates.authority)", "ssl.trustStore.type=PEM",
            "ssl.clientAuth=\(asksForCertificates ? "need" : "none")",
        ]
    }

    /// Where clients reach it.
    package var authority: String { "\(host):\(port)" }

    /// The number of the process that runs; `nil` where none does.
    package var processID: pid_t? { process.processID }

    /// Where its data is.
    package var folder: URL { process.folder }

    /// What it has printed.
    package var log: String { process.log }

    /// Ends it at once, as a power cut would.
    package func kill() { process.kill() }

    /// Starts it anew on the same ports, with the data it had.
    package func restart() async throws {
        try process.start()
        try await waitUntilServing()
    }

    /// Holds it in its steps.
    package func pause() { process.pause() }

    /// Lets it go on.
    package func resume() { process.resume() }

    /// What it answers to one of its four-letter words, such as `srvr`; `nil` where it does not.
    package func say(_ word: String) -> String? { FourLetterWord.ask(word, port: plainPort, host: host) }

    /// Whether it leads its ensemble.
    package var leads: Bool { say("srvr")?.contains("Mode: leader") ?? false }

    package func waitUntilServing() async throws {
        for _ in 0..<1_500 {
            if say("srvr")?.contains("Mode: ") ?? false { return }
            guard process.isGoing else { throw ServerError("the server has ended: \(process.log)") }
            // Nothing tells when a leader is there.
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerError("the server does not serve: \(process.log)")
    }
}

/// One of the words that a ZooKeeper server answers before any session.
enum FourLetterWord {
    static func ask(_ word: String, port: Int, host: String) -> String? {
        guard let descriptor = Loopback.connect(to: port, host: host) else { return nil }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard word.withCString({ send(descriptor, $0, 4, Int32(MSG_NOSIGNAL)) }) == 4 else { return nil }
        var (answer, bytes) = ([UInt8](), [UInt8](repeating: 0, count: 8192))
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { break }
            answer += bytes[..<count]
        }
        return answer.isEmpty ? nil : String(decoding: answer, as: UTF8.self)
    }
}
