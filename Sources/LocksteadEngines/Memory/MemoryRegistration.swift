import Lockstead

/// `memory:` — the in-process engine.
struct MemoryRegistration: EngineRegistration {
    let schemes = ["memory"]
    let form = "memory:"

    func open(_ url: EngineURL) throws(LockError) -> LockEngine {
        try check(url)
        return .inProcess
    }

    func doctorRules(for url: EngineURL) throws(LockError) -> [any DoctorRule] {
        try check(url)
        return []
    }

    private func check(_ url: EngineURL) throws(LockError) {
        guard url.authority == nil, url.path.isEmpty else {
            throw LockError(
                .invalidOption, "The in-process engine has no address; write memory: and nothing more.",
                effect: .didNotHappen)
        }
        try url.requireOptions(among: [])
    }
}
