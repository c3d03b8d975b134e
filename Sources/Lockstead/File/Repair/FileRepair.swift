internal import Dispatch
package import LockCore

/// Looks through a lock folder and mends what is damaged; a sound state is never touched, and nothing at all without `mending`.
///
/// May run while others use the folder: it works under the same state locks as they do.
package struct FileRepair: Sendable {
    /// How long to wait for a state that another process is at work on.
    package static let patience = TimeSpan.seconds(2)

    private let store: StateStore
    private let worker: FileWorker

    /// Judges the folder as an engine would; makes nothing.
    ///
    /// - Parameters:
    ///   - folder: The lock folder.
    ///   - longestLease: The longest lease its engines take: so long a lost holder may believe in its lock.
    ///   - time: The clocks.
    /// - Throws: `LockError` where the folder is missing, may not be written, or cannot carry locks.
    package init(
        folder: String, longestLease: Duration = .seconds(300), time: any TimeSource = SystemTimeSource()
    ) throws(LockError) {
        let place = Folder(folder)
        let boot: BootIdentity
        let problem: LockError?
        do throws(SystemError) {
            boot = try BootIdentity.current()
            problem = try FileEngine.problem(with: place)
        } catch {
            throw error.lockError()
        }
        if let problem { throw problem }
        store = StateStore(folder: place, boot: boot, time: time, longestLease: longestLease)
        worker = FileWorker(time: time)
    }

    /// What there is in the folder, by file name; mended where it can be and `mending` asks for it.
    package func run(mending: Bool) async throws(LockError) -> [RepairFinding] {
        let files = try await perform { (store) throws(SystemError) in try store.folder.entries().sorted() }
        var findings: [RepairFinding] = []
        for file in files { findings.append(try await look(at: file, mending: mending)) }
        return findings
    }

    private func look(at file: String, mending: Bool) async throws(LockError) -> RepairFinding {
        var finding: RepairFinding?
        let deadline = store.time.now + Self.patience
        while finding == nil, store.time.now < deadline {
            finding = try await perform { (store) throws(SystemError) in try store.look(at: file, mending: mending) }
            // Another process is at work on it, which takes a millisecond.
            if finding == nil { await worker.pause(.milliseconds(5)) }
        }
        return finding ?? RepairFinding(file: file, kind: .inUse)
    }

    private func perform<Value: Sendable>(
        _ body: @escaping @Sendable (StateStore) throws(SystemError) -> Value
    ) async throws(LockError) -> Value {
        let result = await worker.run(on: 0) { [store] () -> Result<Value, SystemError> in
            do throws(SystemError) { return .success(try body(store)) } catch { return .failure(error) }
        }
        do throws(SystemError) { return try result.get() } catch { throw error.lockError() }
    }
}
