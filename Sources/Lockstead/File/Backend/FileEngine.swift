#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The file engine's settings: locks among the processes of one host, in a folder, with nothing else running.
public struct FileEngine: Sendable, Hashable {
    /// The folder of the lock files; made for its owner alone where it does not exist.
    public var folder: String
    /// The longest lease it takes; 5 minutes unless raised, at most a day.
    public var longestLease: Duration
    private var createsParents = false

    /// The longest lease that can be configured: what a vanished holder may cost at worst.
    public static let longestConfigurableLease = Duration.seconds(86_400)

    /// Settings for a folder.
    ///
    /// - Parameters:
    ///   - folder: The folder; on a local file system. Processes that name the same folder exclude each other.
    ///   - longestLease: The longest lease it takes.
    public init(folder: String, longestLease: Duration = .seconds(300)) {
        (self.folder, self.longestLease) = (folder, longestLease)
    }

    /// Settings for this user's own folder; see ``defaultFolder(environment:)``.
    ///
    /// It and its parents are made where they do not exist.
    ///
    /// - Parameter environment: The process's environment.
    /// - Returns: The settings, or `nil` where the environment names no home.
    public static func userDefault(environment: [String: String]) -> FileEngine? {
        guard let folder = defaultFolder(environment: environment) else { return nil }
        var engine = FileEngine(folder: folder)
        engine.createsParents = true
        return engine
    }

    /// `$XDG_STATE_HOME/lockstead`, or `~/.local/state/lockstead`.
    ///
    /// Each user has a folder of its own: root's locks and a user's do not exclude each other there. Name a shared folder for that.
    ///
    /// - Parameter environment: The process's environment.
    /// - Returns: The folder, or `nil` where the environment names no home.
    public static func defaultFolder(environment: [String: String]) -> String? {
        // The specification of XDG folders has relative paths ignored.
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return Folder(state).path(of: "lockstead")
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return Folder(home).path(of: ".local/state/lockstead")
    }

    /// Makes and judges the folder.
    ///
    /// - Throws: `LockError` with the code `unsuitableStorage` for a network or user-space file system or a read-only one,
    ///   `permissionDenied` where this user may not write there, `invalidOption` for impossible settings.
    func prepare() throws(LockError) -> Folder {
        guard folder.hasPrefix("/"), !folder.contains("\0") else {
            throw LockError(
                .invalidOption, "The lock folder \"\(folder)\" is no absolute path; begin it with \"/\".",
                effect: .didNotHappen)
        }
        guard longestLease >= FileBackend.shortestLease, longestLease <= Self.longestConfigurableLease else {
            throw LockError(
                .invalidOption,
                "A longest lease of \(longestLease) is out of range; give \(FileBackend.shortestLease) to \(Self.longestConfigurableLease).",
                effect: .didNotHappen)
        }
        let place = Folder(folder)
        let problem: LockError?
        do throws(SystemError) {
            try place.create(withParents: createsParents)
            problem = try Self.problem(with: place)
        } catch {
            throw error.lockError()
        }
        if let problem { throw problem }
        return place
    }

    /// What makes a folder unfit to carry locks, or `nil`.
    package static func problem(with folder: Folder) throws(SystemError) -> LockError? {
        guard let status = try FileStatus.following(folder.path), status.isFolder else {
            return SystemError(ENOTDIR, "open", folder.path).lockError()
        }
        if case .unsuitable(let kind) = try StorageJudgement.of(folder) {
            return LockError(
                .unsuitableStorage,
                "The lock folder \(folder.path) lies on \(kind), which does not carry kernel locks reliably. "
                    + "Name a folder on a local disk, or use an engine with a server.", effect: .didNotHappen)
        }
        if try StorageJudgement.isReadOnly(folder) { return SystemError(EROFS, "write", folder.path).lockError() }
        return folder.isWritable ? nil : SystemError(EACCES, "write", folder.path).lockError()
    }
}

extension LockEngine {
    /// Locks among the processes of this host, kept in a folder, with nothing else running.
    ///
    /// Exclusion is linearizable on one host with a local file system; tokens rise for ever.
    ///
    /// - Parameter folder: An absolute path; made for its owner alone where it does not exist.
    /// - Returns: The engine.
    public static func file(_ folder: String) -> LockEngine { .file(FileEngine(folder: folder)) }

    /// Locks among the processes of this host, kept in a folder.
    ///
    /// - Parameter engine: The folder and its settings.
    /// - Returns: The engine.
    public static func file(_ engine: FileEngine) -> LockEngine {
        LockEngine(name: "file") { context in try FileBackend(engine, context) }
    }
}
