internal import Lockstead

extension TestHolder {
    /// Says `stored N` once the engine has acknowledged it.
    func count() async throws {
        var generator = SystemRandomNumberGenerator()
        let request = LockRequest(
            id: .random(using: &generator), owner: .random(using: &generator), names: [options.name],
            lease: options.lease, wait: .forever)
        guard case .granted(let grant) = try await backend.acquire(request) else { return Self.say("busy") }
        Self.say("held \(grant.token)")
        while true {
            let next = try await last() + 1
            let write = RegisterWrite(.value(Array("\(next)".utf8)), in: options.name, under: grant.token)
            guard case .stored = try await backend.store(write, deadline: soon) else { return Self.say("refused") }
            Self.say("stored \(next)")
        }
    }

    private func last() async throws -> Int {
        let value = try await backend.load(options.name, deadline: soon).value
        return value.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
    }

    private var soon: ContinuousTime { time.now.advanced(by: .seconds(5)) }
}
