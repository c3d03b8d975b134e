import Foundation

/// A real redis-server or valkey-server on a free loopback port.
package final class RedisServer: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case redis = "redis-server"
        case valkey = "valkey-server"

        /// Whether tests with it are to run: where it is installed, and always in CI, where its absence is a failure.
        package var isRequired: Bool {
            ProcessInfo.processInfo.environment["CI"] != nil || ServerProcess.path(of: rawValue) != nil
        }

        /// Those that tests run with.
        package static var required: [Kind] { allCases.filter(\.isRequired) }
    }

    package let port: Int
    /// The address it listens on.
    package let host: String
    package let certificates: TestCertificates?
    private let process: ServerProcess

    /// Starts a server without persistence, and waits until it listens.
    ///
    /// - Parameters:
    ///   - kind: Which one.
    ///   - tls: Whether it speaks TLS alone.
    ///   - clientCertificates: Whether it asks for certificates of its clients.
    ///   - identity: The certificate it shows.
    ///   - certificates: Those of all servers that belong together; of its own unless given.
    ///   - place: Where it runs.
    ///   - options: More of its options, such as `--requirepass`, `secret`.
    /// - Throws: `ServerError` where it is not installed or does not come up.
    package init(
        _ kind: Kind = .redis, tls: Bool = false, clientCertificates: Bool = false,
        identity: @Sendable (TestCertificates) -> TestCertificates.Identity = \.server,
        certificates: TestCertificates? = nil, place: ServerPlace = .loopback, options: [String] = []
    ) async throws {
        (host, port) = (place.host, try Loopback.freePort())
        let folder = try ServerProcess.makeFolder()
        self.certificates = tls ? try certificates ?? TestCertificates(in: folder) : nil
        var arguments = [
            "--bind", place.host, "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", folder.path,
        ]
        arguments += tls ? ["--port", "0", "--tls-port", "\(port)"] : ["--port", "\(port)"]
        if let certificates = self.certificates {
            arguments += certificates.options(identity(certificates))
            arguments += ["--tls-auth-clients", clientCertificates ? "yes" : "no", "--tls-replication", "yes"]
        }
        process = try ServerProcess(kind.rawValue, in: folder, arguments + options, launcher: place.launcher)
        try await waitUntilListening()
    }

    /// Ends it at once, as a power cut would.
    package func kill() { process.kill() }

    /// Starts it anew on the same port.
    package func restart() async throws {
        try process.start()
        try await waitUntilListening()
    }

    /// Holds it in its steps.
    package func pause() { process.pause() }

    /// Lets it go on.
    package func resume() { process.resume() }

    private func waitUntilListening() async throws {
        for _ in 0..<1_000 {
            if Loopback.answers(port: port, host: host) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw ServerError("the server does not listen: \(process.log)")
    }
}
