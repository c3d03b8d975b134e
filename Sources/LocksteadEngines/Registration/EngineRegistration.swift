import Lockstead

/// How one engine is opened from a URL, and what can be checked about it.
protocol EngineRegistration: Sendable {
    /// The schemes it answers to, in lower case.
    var schemes: [String] { get }
    /// How its URL looks.
    var form: String { get }
    /// Makes the engine; refuses what the URL has too much of.
    func open(_ url: EngineURL) throws(LockError) -> LockEngine
    /// What `doctor` looks at.
    func doctorRules(for url: EngineURL) throws(LockError) -> [any DoctorRule]
}
