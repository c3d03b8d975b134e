import Foundation
import Glibc
import Lockstead
import LocksteadEngines
import Synchronization
import TestProcesses

/// A Redis server in a folder of its own.
final class RedisUnderFault: EngineUnderFault {
    let port: UInt16?
    private let program: String
    private let persistence: RedisPersistence
    private let folder: String
    private let preload: Preload
    private let server = Mutex<ChildProcess?>(nil)
    let listeningPort: UInt16

    init(_ program: String, _ persistence: RedisPersistence, in folder: String) async throws {
        (self.program, self.persistence) = (program, persistence)
        self.folder = folder + "/redis"
        listeningPort = try Sockets.freePort()
        port = listeningPort
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        preload = try await Preload(in: folder, name: "server")
        try await restart()
    }

    var url: String { url(through: listeningPort) }
    func url(through port: UInt16) -> String { "redis://127.0.0.1:\(port)" }

    func restart() async throws {
        let arguments = [
            "--port", "\(listeningPort)", "--bind", "127.0.0.1", "--dir", folder, "--daemonize", "no", "--logfile",
            folder + "/log", "--maxmemory-policy", "noeviction",
        ]
        do {
            let child = try ChildProcess(
                program, arguments + persistence.arguments, environment: preload.environment)
            server.withLock { $0 = child }
        } catch is SystemError {
            throw Obstacle("there is no \(program)")
        }
        try await awaitAnswer()
    }

    func kill() async throws { server.withLock { $0.take() }?.destroy() }

    /// What was written since a file's last sync is gone; what was never synced is gone whole.
    func losePower() async throws {
        let synced = try preload.syncedLengths()
        let log = folder + "/appendonlydir"
        for name in try FileManager.default.contentsOfDirectory(atPath: log) where name.hasSuffix(".aof") {
            let path = log + "/" + name
            guard truncate(path, off_t(synced[path] ?? 0)) == 0 else { throw SystemError.last("truncate", path) }
        }
    }

    func setWallClock(off duration: Duration) async throws { try preload.setWallClock(off: duration) }
    func stallDisk(_ stalls: Bool) async throws { try preload.stallSyncs(stalls) }

    func clockComplaint() async throws -> String? {
        for rule in try Engines.doctorRules(for: url) where rule.subject == "clock" {
            let finding = await rule.examine()
            if finding.verdict == .warning || finding.verdict == .failure { return finding.fact }
        }
        return nil
    }

    func end() async { server.withLock { $0.take() }?.destroy() }

    /// Waits until it serves: while it loads, it answers with an error.
    private func awaitAnswer() async throws {
        let time = SystemTimeSource()
        let deadline = time.now.advanced(by: .seconds(20))
        while time.now < deadline {
            if isServing() { return }
            // Its port tells nothing before it is open.
            try await time.sleep(until: time.now.advanced(by: .milliseconds(5)))
        }
        throw Obstacle("\(program) does not answer on port \(listeningPort)")
    }

    private func isServing() -> Bool {
        // No connection: not yet.
        guard let socket = try? Sockets.connect(to: listeningPort) else { return false }
        defer { close(socket) }
        let question = Array("PING\r\n".utf8)
        guard send(socket, question, question.count, Int32(MSG_NOSIGNAL)) == question.count else {
            return false
        }
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var answer = [UInt8](repeating: 0, count: 64)
        let count = recv(socket, &answer, answer.count, 0)
        return count > 0 && answer[..<count].starts(with: "+PONG".utf8)
    }
}
