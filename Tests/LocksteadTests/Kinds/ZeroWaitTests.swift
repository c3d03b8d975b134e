import LockCore
import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("A wait of zero at a gate or a latch", .timeLimit(.minutes(1)))
struct ZeroWaitTests {
    private let client = LockClient(
        SlowLoads(base: InProcessBackend(store: InProcessStore())), logger: .silent)

    @Test("looks once, with the time that any call of the engine has")
    func looks() async throws {
        try await client.whileRunning { client in
            let (gate, latch) = (try client.barrier("g"), try client.latch("l", count: 0))
            try await gate.wait(waitingAtMost: .zero)
            try await latch.wait(waitingAtMost: .zero)
            try await gate.close()
            let error = await #expect(throws: LockError.self) { try await gate.wait(waitingAtMost: .zero) }
            #expect(error?.code == .timedOut)
        }
    }
}

/// An engine that needs a second for each look, and says so where it does not get it.
private struct SlowLoads: BackendDecorator {
    let base: any LockBackend

    func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        guard deadline >= SystemTimeSource().now.advanced(by: .seconds(1)) else {
            throw LockError(.engineUnavailable, "The engine did not answer in time.", effect: .didNotHappen)
        }
        return try await base.load(name, deadline: deadline)
    }
}
