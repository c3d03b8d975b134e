public import Lockstead

/// Opens any engine of this build from its URL.
public enum Engines {
    /// One line for each engine; the first name of each is the one it goes by.
    private static let registered: [any EngineRegistration] = {
        var all: [any EngineRegistration] = [FileRegistration(), MemoryRegistration()]
        #if Etcd
            all.append(EtcdRegistration())
        #endif
        #if Redis
            all.append(RedisRegistration())
            all.append(RedlockRegistration())
        #endif
        #if ZooKeeper
            all.append(ZooKeeperRegistration())
        #endif
        return all
    }()

    /// The URL forms this build opens, such as `file:///folder`.
    public static var forms: [String] { registered.map(\.form) }

    /// Opens the engine a URL names.
    ///
    /// Nothing is touched before the engine is used.
    ///
    /// - Parameter url: Such as `file:///var/lib/lockstead` or `memory:`.
    /// - Returns: The engine.
    /// - Throws: `LockError`: `invalidOption` where the URL cannot be read or has an option the engine lacks, `unknownEngine` where
    ///   this build has no such engine.
    public static func open(_ url: String) throws(LockError) -> LockEngine {
        let parsed = try EngineURL(url)
        return try registration(for: parsed).open(parsed)
    }

    /// What can be checked about the engine a URL names, in the order to read it.
    package static func doctorRules(for url: String) throws(LockError) -> [any DoctorRule] {
        let parsed = try EngineURL(url)
        return try registration(for: parsed).doctorRules(for: parsed)
    }

    /// The file engine that a URL names, with its options, or `nil` where the URL names another engine.
    package static func fileEngine(of url: String) throws(LockError) -> FileEngine? {
        let parsed = try EngineURL(url)
        return try registration(for: parsed) is FileRegistration ? FileRegistration.settings(from: parsed) : nil
    }

    private static func registration(for url: EngineURL) throws(LockError) -> any EngineRegistration {
        if let found = registered.first(where: { $0.schemes.contains(url.scheme) }) { return found }
        let forms = forms.joined(separator: ", ")
        guard let absent = AbsentEngine.named(url.scheme) else {
            throw LockError(
                .unknownEngine, "No engine is called \"\(url.scheme)\"; this build opens \(forms).",
                effect: .didNotHappen)
        }
        throw LockError(
            .unknownEngine, "This build has no \(absent) engine; it opens \(forms).", effect: .didNotHappen)
    }
}
