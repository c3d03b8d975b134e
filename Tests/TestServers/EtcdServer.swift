import Foundation
package import Glibc

/// A real member of an etcd cluster on free ports.
package final class EtcdServer: Sendable {
    package let port: Int
    /// Where the other members reach it.
    package let peerPort: Int
    /// The address it listens on.
    package let host: String
    package let certificates: TestCertificates?
    private let process: ServerProcess

    /// How a member is set up.
    package struct Setup: Sendable {
        /// Which etcd it is.
        package var release = Release.debian
        /// Whether it speaks TLS alone to its clients.
        package var tls = false
        /// Whether it asks for certificates of its clients.
        package var clientCertificates = false
        /// More of its options, such as `--auth-token-ttl`, `1`.
        package var options: [String] = []
        package init(
            _ release: Release = .debian, tls: Bool = false, clientCertificates: Bool = false, options: [String] = []
        ) {
            (self.release, self.tls, self.options) = (release, tls, options)
            self.clientCertificates = clientCertificates
        }
    }

    /// Whether tests with Debian's etcd are to run.
    package static var isRequired: Bool { Release.debian.isRequired }

    /// Starts a cluster of one member, and waits until it serves.
    ///
    /// - Parameter setup: How it is set up.
    /// - Throws: `ServerError` where it is not installed or does not come up.
    package convenience init(_ setup: Setup = Setup()) async throws {
        let peer = try Loopback.freePort()
        try self.init(setup, name: "m0", peer: peer, cluster: "m0=http://127.0.0.1:\(peer)")
        try await waitUntilServing()
    }

    /// Starts one member of a cluster, which serves once a majority runs.
    init(_ setup: Setup, name: String, peer: Int, cluster: String, place: ServerPlace = .loopback) throws {
        (port, peerPort, host) = (try Loopback.freePort(), peer, place.host)
        let folder = try ServerProcess.makeFolder()
        certificates = setup.tls ? try TestCertificates(in: folder) : nil
        let scheme = setup.tls ? "https" : "http"
        var arguments = [
            "--name", name, "--data-dir", folder.appendingPathComponent("data").path,
            "--listen-client-urls", "\(scheme)://\(host):\(port)",
            "--advertise-client-urls", "\(scheme)://\(host):\(port)",
            "--listen-peer-urls", "http://\(host):\(peer)", "--initial-advertise-peer-urls",
            "http://\(host):\(peer)",
            "--initial-cluster", cluster, "--initial-cluster-state", "new", "--logger", "zap", "--log-level", "warn",
        ]
        if let certificates {
            arguments += ["--cert-file", certificates.server.certificate, "--key-file", certificates.server.key]
            arguments += ["--trusted-ca-file", certificates.authority]
            if setup.clientCertificates { arguments += ["--client-cert-auth"] }
        }
        process = try ServerProcess(
            setup.release.program, in: folder, arguments + setup.options, launcher: place.launcher)
    }

    /// Where clients reach it.
    package var authority: String { "\(host):\(port)" }

    /// The file that what is decided is synced to, before it is answered; the first one, which is all there is for a while.
    package var logFile: String {
        let folder = process.folder.appendingPathComponent("data/member/wal")
        return folder.appendingPathComponent("0000000000000000-0000000000000000.wal").path
    }

    /// The number of the process that runs; `nil` where none does.
    package var processID: pid_t? { process.processID }

    /// Ends it at once, as a power cut would.
    package func kill() { process.kill() }

    /// Starts it anew on the same port, with the data it had.
    package func restart() async throws {
        try process.start()
        try await waitUntilListening()
    }

    /// Holds it in its steps.
    package func pause() { process.pause() }

    /// Lets it go on.
    package func resume() { process.resume() }

    /// Runs etcdctl against it, and gives what it printed.
    ///
    /// - Throws: `ServerError` where it fails.
    @discardableResult
    package func control(_ arguments: String...) throws -> String { try control(arguments) }

    /// The same.
    @discardableResult
    package func control(_ arguments: [String]) throws -> String {
        guard let executable = ServerProcess.path(of: "etcdctl") else {
            throw ServerError("etcdctl is not installed; dev/setup installs it")
        }
        let (command, output) = (Process(), Pipe())
        command.executableURL = executable
        command.arguments = connection + arguments
        command.environment = ["ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"]
        (command.standardOutput, command.standardError) = (output, FileHandle.nullDevice)
        try command.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        command.waitUntilExit()
        guard command.terminationStatus == 0 else { throw ServerError("etcdctl \(arguments) failed") }
        return String(decoding: printed, as: UTF8.self)
    }

    /// How etcdctl reaches it.
    package var connection: [String] {
        guard let certificates else { return ["--endpoints", "http://\(authority)"] }
        return [
            "--endpoints", "https://\(authority)", "--cacert", certificates.authority,
            "--cert", certificates.client.certificate, "--key", certificates.client.key,
        ]
    }

    func waitUntilServing() async throws {
        try await waitUntilListening()
        for _ in 0..<500 {
            // It fails until there is a leader.
            if (try? control("endpoint", "health")) != nil { return }
            // Nothing tells when a leader is there.
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerError("the member does not serve: \(process.log)")
    }

    private func waitUntilListening() async throws {
        for _ in 0..<1_000 {
            if Loopback.answers(port: port, host: host) { return }
            // Nothing tells when a port is open.
            try await Task.sleep(for: .milliseconds(10))
        }
        throw ServerError("the member does not listen: \(process.log)")
    }
}
