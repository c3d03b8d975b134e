import Foundation
import Lockstead
import LocksteadTesting
import Synchronization
import TestProcesses

/// The file engine, in a folder of its own for each store; its holders are real processes.
struct FileConformance: ConformanceFixture {
    let engine = "file"

    func makeStore() async throws -> any ConformanceStore { try Store() }

    private final class Store: ConformanceStore {
        private let folder: URL
        private let holders = Mutex<[HolderProcess]>([])

        init() throws {
            folder = FileManager.default.temporaryDirectory.appendingPathComponent("lockstead-\(UUID().uuidString)")
            let forOwner: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: forOwner)
        }

        func makeBackend() async throws -> any LockBackend {
            try LockEngine.file(folder.path).makeBackend(
                EngineContext(logger: .conformance, time: SystemTimeSource()))
        }

        func spawnHolder(of name: LockName, lease: Duration) async throws -> any ConformanceHolder {
            let milliseconds = Int64(lease / .milliseconds(1))
            let process = try HolderProcess(folder.path, name.text, "--client", "--lease=\(milliseconds)")
            holders.withLock { $0.append(process) }
            return ProcessHolder(process: process, token: try await process.token())
        }

        func close() async {
            for holder in holders.withLock({ $0 }) { holder.destroy() }
            // A folder that stays behind in the temporary folder harms no one.
            try? FileManager.default.removeItem(at: folder)
        }
    }
}
