import Foundation

extension RedisServer {
    /// Sends a command as an operator would, with redis-cli.
    ///
    /// - Returns: What it printed, without the last newline.
    /// - Throws: `ServerError` where the server answers an error.
    @discardableResult
    package func ask(_ arguments: String...) throws -> String { try ask(arguments: arguments) }

    /// Sends a command as an operator would, with redis-cli.
    ///
    /// - Returns: What it printed, without the last newline.
    /// - Throws: `ServerError` where the server answers an error.
    @discardableResult
    package func ask(arguments: [String]) throws -> String {
        try RedisCommandLine.ask(host: host, port: port, certificates, arguments)
    }

    /// Waits until so many patterns are listened to.
    package func awaitSubscribers(_ count: Int) async throws {
        for _ in 0..<1_000 {
            if try ask("PUBSUB", "NUMPAT") == "\(count)" { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerError("nobody listens")
    }
}

/// An operator's redis-cli.
enum RedisCommandLine {
    static func ask(
        host: String, port: Int, _ certificates: TestCertificates?, _ arguments: [String]
    ) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = ServerProcess.path(of: "redis-cli")
        let tls = certificates.map { ["--tls", "--cacert", $0.authority] } ?? []
        process.arguments = ["-e", "-h", host, "-p", "\(port)"] + tls + arguments
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ServerError("redis-cli: \(said)") }
        return said.trimmingCharacters(in: .newlines)
    }
}
