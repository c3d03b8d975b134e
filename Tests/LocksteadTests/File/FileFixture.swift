import Glibc
import Lockstead
import Logging
import TestProcesses
import Testing

/// A lock folder of a test's own, removed with all in it at the end, and engines over it.
final class FileFixture: Sendable {
    let path: String
    let time: any TimeSource

    init(time: any TimeSource = SystemTimeSource()) throws {
        self.time = time
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((base + "/lockstead-file-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError.last("mkdtemp", base) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.removeAll(Folder(path)) }

    private static func removeAll(_ folder: Folder) {
        // A folder that cannot be emptied is left to the system.
        for entry in (try? folder.entries()) ?? [] where (try? folder.remove(entry)) == nil {
            removeAll(Folder(folder.path(of: entry)))
        }
        rmdir(folder.path)
    }

    var folder: Folder { Folder(path) }

    func backend(longestLease: Duration = .seconds(300)) throws -> FileBackend {
        try FileBackend(
            FileEngine(folder: path, longestLease: longestLease),
            EngineContext(logger: Logger(label: "test"), time: time))
    }

    func request(
        _ name: String, mode: LockMode = .exclusive, lease: Duration = .seconds(30), wait: LockRequest.Wait = .never,
        fairness: Fairness = .fair, priority: Int8 = 0, terms: HoldTerms = HoldTerms(), owner: OwnerID? = nil,
        purpose: String = ""
    ) throws -> LockRequest {
        var generator = SystemRandomNumberGenerator()
        return LockRequest(
            id: .random(using: &generator), owner: owner ?? .random(using: &generator), names: [try LockName(name)],
            mode: mode, lease: lease, wait: wait, fairness: fairness, priority: priority, terms: terms,
            note: HolderNote(processID: getpid(), purpose: purpose))
    }

    /// A deadline far enough for anything that works.
    var soon: ContinuousTime { time.now.advanced(by: .seconds(20)) }

    func statePath(_ name: String) throws -> String { folder.path(of: NameKey(try LockName(name)).stateFile) }

    func lifelinePath(_ name: String, _ grant: Grant) throws -> String {
        let session = SessionID(high: grant.request.high, low: grant.request.low)
        return folder.path(of: NameKey(try LockName(name)).lifelineFile(of: session))
    }

    /// Returns when the engine shows so many waiters: the fact that a queue has formed.
    func awaitWaiters(_ count: Int, _ name: String, _ backend: FileBackend) async throws {
        let name = try LockName(name)
        while try await backend.inspect(name, deadline: soon)?.waiterCount != count {
            // Asked again and again: the waiter may have queued before anyone could listen for it.
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

/// The grant of an outcome that must be one.
func granted(_ outcome: AcquireOutcome, _ location: SourceLocation = #_sourceLocation) throws -> Grant {
    guard case .granted(let grant) = outcome else {
        Issue.record("not granted: \(outcome)", sourceLocation: location)
        throw HolderProcess.Silence(description: "not granted")
    }
    return grant
}
