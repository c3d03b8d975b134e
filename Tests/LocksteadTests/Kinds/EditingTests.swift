import LockCore
import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("A change of a register whose answer was lost", .timeLimit(.minutes(1)))
struct EditingTests {
    private let store = InProcessStore()

    /// Sets the register to 7, as one that knows its own work.
    private static func setSeven(_ register: Register) throws(LockError) -> RegisterEdit<String> {
        register.value == [7] ? .leave("found") : .write(.value([7]), "written")
    }

    private func edit(_ mischiefs: [LossyRegisters.Mischief]) async throws -> (String, LossyRegisters) {
        let engine = LossyRegisters(base: InProcessBackend(store: store), mischiefs)
        let client = LockClient(engine, logger: .silent)
        let result = try await client.whileRunning { client in
            try await client.edit(LockName("r"), until: nil, purpose: "", Self.setSeven)
        }
        return (result, engine)
    }

    @Test(
        "stays in question when a repetition is refused: it looks again, and finds its own work",
        arguments: [LossyRegisters.Mischief.stale, .changed])
    func overtaken(refusal: LossyRegisters.Mischief) async throws {
        let (result, engine) = try await edit([.storeAndLose, refusal])
        #expect(result == "found")
        #expect(engine.stores.value == 2)
    }

    @Test(
        "is not said to be undone where nobody could look again", arguments: [LossyRegisters.Mischief.stale, .changed])
    func unknown(refusal: LossyRegisters.Mischief) async throws {
        let engine = LossyRegisters(base: InProcessBackend(store: store), [.storeAndLose, refusal])
        engine.failsLoadsAfterStore.update { $0 = true }
        var configuration = LockClient.Configuration()
        configuration.cleanUpDeadline = .milliseconds(200)
        let client = LockClient(engine, configuration: configuration, logger: .silent)
        let error = await #expect(throws: LockError.self) {
            try await client.whileRunning { client in
                try await client.edit(LockName("r"), until: nil, purpose: "", Self.setSeven)
            }
        }
        #expect(error?.code == .indeterminate)
        #expect(error?.effect == .mayHaveHappened)
    }

    @Test("is known to be undone where its only attempt was refused")
    func refused() async throws {
        let engine = LossyRegisters(base: InProcessBackend(store: store), [.stale])
        let client = LockClient(engine, logger: .silent)
        let error = await #expect(throws: LockError.self) {
            try await client.whileRunning { client in
                try await client.edit(LockName("r"), until: nil, purpose: "", Self.setSeven)
            }
        }
        #expect(error?.code == .leaseLost)
        #expect(error?.effect == .didNotHappen)
    }
}

/// An engine that carries a store out and loses its answer, or says that another was there.
struct LossyRegisters: BackendDecorator {
    enum Mischief: Sendable { case storeAndLose, stale, changed }

    let base: any LockBackend
    let stores = Watched(0)
    let failsLoadsAfterStore = Watched(false)
    private let mischiefs: Watched<[Mischief]>

    init(base: any LockBackend, _ mischiefs: [Mischief]) {
        (self.base, self.mischiefs) = (base, Watched(mischiefs))
    }

    func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        guard !failsLoadsAfterStore.value || stores.value == 0 else {
            throw LockError(.engineUnavailable, "The test answers no more.", effect: .didNotHappen)
        }
        return try await base.load(name, deadline: deadline)
    }

    func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        stores.update { $0 += 1 }
        switch mischiefs.update({ $0.isEmpty ? nil : $0.removeFirst() }) {
        case .storeAndLose:
            _ = try await base.store(write, deadline: deadline)
            throw LockError(.indeterminate, "The test lost the answer.", effect: .mayHaveHappened)
        case .stale: return .stale(newest: FencingToken(rawValue: write.token.rawValue + 1))
        case .changed: return .changed(try await base.load(write.name, deadline: deadline))
        case nil: return try await base.store(write, deadline: deadline)
        }
    }
}
