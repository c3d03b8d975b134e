import Lockstead
import LocksteadEngines

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The temporary folder in which the demonstration plays: a ledger and the locks.
struct DemoStage {
    private let folder: String

    init() throws(SystemError) {
        let parent = ProcessEnvironment.value(of: "TMPDIR") ?? "/tmp"
        var template = Array("\(parent)/lockstead-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SystemError.last("make a folder in", parent)
        }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private var ledger: DemoLedger { DemoLedger(path: folder + "/ledger") }

    /// Puts all coins back into the first account.
    func reset() throws { try ledger.reset() }

    func balances() throws -> Balances { try ledger.peek() }

    /// Starts a worker.
    func start(_ part: DemoPart, transfers: Int, lease: String = "30s") throws(SystemError) -> DemoProcess {
        try DemoProcess([
            part.rawValue, "--ledger", folder + "/ledger", "--transfers", "\(transfers)", "--lease", lease,
            "--engine", "file://" + PercentCoding.encode(path: folder + "/locks"),
        ])
    }

    /// Removes everything.
    func clear() { FileTree.remove(folder) }
}
