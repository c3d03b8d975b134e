import Lockstead
import LocksteadEngines

/// Takes a lock of its own twice and gives it back: what no inspection of settings can show.
struct TrialRule: DoctorRule {
    let subject = "trial"
    let url: String

    func examine() async -> Finding {
        do {
            return try await EngineSession.with(url) { try await Self.tryOut($0.client) }
        } catch let error as LockError {
            return .failure(error.message, advice: "see the findings above")
        } catch {
            return .failure("\(error)", advice: "see the findings above")
        }
    }

    private static func tryOut(_ client: LockClient) async throws -> Finding {
        let start = SystemTimeSource().now
        let tokens = [try await token(from: client), try await token(from: client)]
        let passed = start.duration(to: SystemTimeSource().now)
        guard tokens[0] < tokens[1] else {
            return .failure(
                "two grants in a row had the tokens \(tokens[0]) and \(tokens[1])",
                advice: "do not trust fencing on this engine; look at its data")
        }
        return .good(
            "two grants in a row had rising tokens, in \(Wording.duration(passed)); \(client.capabilities.guarantee)")
    }

    private static func token(from client: LockClient) async throws -> FencingToken {
        let lock = try await client.acquire(
            "lockstead/doctor", waitingAtMost: .seconds(10), purpose: "lockstead doctor")
        try await lock.release()
        return lock.lease.token
    }
}
