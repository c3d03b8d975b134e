package import Lockstead

/// The file engine where nobody names one: each user's own folder, so that no user can block another's locks.
package enum UserFolder {
    /// The URL of the user's own file engine.
    ///
    /// - Parameter environment: Looks a variable up.
    /// - Returns: The URL.
    /// - Throws: `LockError` where the user has no home.
    package static func url(environment: (String) -> String? = ProcessEnvironment.value) throws(LockError) -> String {
        guard let engine = engine(environment: environment) else {
            throw LockError(
                .invalidOption, "There is no HOME to keep locks in; name an engine with --engine or LOCKSTEAD_ENGINE.",
                effect: .didNotHappen)
        }
        return "file://" + PercentCoding.encode(path: engine.folder)
    }

    /// The settings for that folder, which unlike a named one is made with its parents; `nil` where the user has no home.
    static func engine(environment: (String) -> String? = ProcessEnvironment.value) -> FileEngine? {
        var known: [String: String] = [:]
        for name in ["XDG_STATE_HOME", "HOME"] { known[name] = environment(name) }
        return FileEngine.userDefault(environment: known)
    }
}
