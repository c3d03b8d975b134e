import Foundation
import Lockstead
import Synchronization
import Testing
import TestServers

@testable import LocksteadEtcd

/// `etcdctl lock` and ours in one queue.
@Suite("Beside etcdctl lock", .serialized)
struct EtcdctlTests {
    /// A folder that must not be there when somebody comes in.
    private struct Witness: Sendable {
        let folder: URL
        var inside: URL { folder.appendingPathComponent("inside") }
        var theirs: URL { folder.appendingPathComponent("theirs") }
        var overlaps: URL { folder.appendingPathComponent("overlaps") }

        /// What etcdctl runs while it holds the lock.
        var command: String {
            """
            mkdir '\(inside.path)' || echo x >> '\(overlaps.path)'; sleep 0.002; rmdir '\(inside.path)'; \
            echo x >> '\(theirs.path)'
            """
        }

        func lines(of file: URL) -> Int {
            // None has been written yet.
            ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n").count
        }
    }

    /// Counts from any task.
    private final class Count: Sendable {
        private let count = Atomic(0)
        var value: Int { count.load(ordering: .relaxed) }
        func add() { count.add(1, ordering: .relaxed) }
    }

    @Test("Three of theirs and three of ours: nobody meets anybody, and each side has a tenth of the grants at least")
    func excluded() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        let witness = Witness(folder: try ServerProcess.makeFolder())
        // In the temporary folder: what cannot be removed here goes with that.
        defer { try? FileManager.default.removeItem(at: witness.folder) }
        let (ours, met) = (Count(), Count())
        try await EtcdFixture.with([server]) { fixture in
            let end = fixture.time.now.advanced(by: .seconds(6))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        while fixture.time.now < end {
                            let grant = try await fixture.hold("shared name/of both", lease: .seconds(10))
                            if (try? FileManager.default.createDirectory(
                                at: witness.inside, withIntermediateDirectories: false)) == nil
                            {
                                // Somebody is inside: that is what is counted.
                                met.add()
                            }
                            try await fixture.time.sleep(until: fixture.time.now.advanced(by: .milliseconds(2)))
                            try FileManager.default.removeItem(at: witness.inside)
                            _ = try await fixture.backend.release(grant, deadline: fixture.soon)
                            ours.add()
                        }
                    }
                    group.addTask { try await Self.loop(server, witness, until: end, fixture) }
                }
                try await group.waitForAll()
            }
        }
        let (own, theirs) = (ours.value, witness.lines(of: witness.theirs))
        print("etcdctl interop: \(own) of ours, \(theirs) of theirs, \(met.value) overlaps")
        #expect(met.value == 0 && witness.lines(of: witness.overlaps) == 0)
        #expect(own * 10 >= own + theirs && theirs * 10 >= own + theirs, "\(own) of ours, \(theirs) of theirs")
    }

    /// Runs `etcdctl lock` again and again, each time as a process of its own.
    private static func loop(
        _ server: EtcdServer, _ witness: Witness, until end: ContinuousTime, _ fixture: EtcdFixture
    ) async throws {
        while fixture.time.now < end {
            let process = Process()
            process.executableURL = ServerProcess.path(of: "etcdctl")
            process.arguments = server.connection + ["lock", "--", "shared name/of both", "sh", "-c", witness.command]
            process.environment = ["ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"]
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                process.terminationHandler = { _ in continuation.resume() }
                do { try process.run() } catch { continuation.resume(throwing: error) }
            }
            guard process.terminationStatus == 0 else {
                throw ServerError("etcdctl lock ended with \(process.terminationStatus)")
            }
        }
    }

    @Test("Their holder is shown as another program, is not told to stop, and is freed by force with now alone")
    func foreignHolder() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let name = try LockName("a")
            let lease = try server.control("lease", "grant", "60").split(separator: " ")[1]
            try server.control("put", "--lease=\(lease)", "a/\(lease)", "")
            let view = try #require(try await fixture.backend.inspect(name, deadline: fixture.soon))
            #expect(view.holders.count == 1 && view.holders[0].owner == .nobody && view.holders[0].mode == .exclusive)
            guard case .busy = try await fixture.backend.acquire(try fixture.request("a", wait: .never)) else {
                Issue.record("two holders")
                return
            }
            let error = await #expect(throws: LockError.self) {
                _ = try await fixture.backend.forceRelease(name, reason: "r", now: false, deadline: fixture.soon)
            }
            #expect(error?.code == .unsupported)
            let forced = try await fixture.backend.forceRelease(name, reason: "r", now: true, deadline: fixture.soon)
            #expect(forced.waivedExclusion && forced.revoked == view.holders.map(\.token))
            #expect(try await fixture.hold("a").token > view.holders[0].token)
        }
    }
}
