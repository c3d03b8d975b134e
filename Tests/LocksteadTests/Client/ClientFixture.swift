import LocksteadTesting
import Logging
import Testing

@testable import Lockstead

/// A client over a strict engine on a manual clock.
struct ClientFixture: Sendable {
    let clock: ManualClock
    let engine: StrictEngine
    let observer = CollectingObserver()
    let client: LockClient

    init(
        _ capabilities: Capabilities = .strict(), clock: ManualClock = ManualClock(),
        configuration: LockClient.Configuration = .init(), logger: Logger = .silent
    ) {
        self.clock = clock
        engine = StrictEngine(capabilities, clock: clock)
        client = LockClient(engine, configuration: configuration, logger: logger, observer: observer, time: clock)
    }

    /// Runs the client while `body` runs, and then asks the engine whether anything came out of order.
    func run<R: Sendable>(_ body: (LockClient) async throws -> R) async throws -> R {
        let result = try await client.whileRunning(body)
        #expect(engine.violations == [])
        #expect(client.registry.count == 0, "every grant is forgotten once the client has stopped")
        return result
    }

    func until(_ call: StrictEngine.Call) async { await engine.state.until { $0.calls.contains(call) } }
    func until(_ count: Int, _ isOne: @escaping @Sendable (StrictEngine.Call) -> Bool) async {
        await engine.state.until { $0.calls.count(where: isOne) >= count }
    }

    /// Moves the clock in steps, as time passes on a machine that runs, and lets the renewal loop and the engine answer at each.
    func advance(by duration: Duration, step: Duration = .milliseconds(200)) async {
        var rest = duration
        while rest > .zero {
            await settleLoop()
            let stride = min(rest, step)
            engine.advance(by: stride)
            rest -= stride
        }
        await settleLoop()
    }

    /// Waits until the renewal loop sleeps until later, and no renewal is under way but those whose answers the test holds back.
    func settleLoop() async {
        while !isSettled { await Task.yield() }
    }

    private var isSettled: Bool {
        client.registry.isQuiet(at: clock.now)
            && client.registry.all.count(where: \.isRenewing) <= engine.state.value.heldRenewals
    }
}

/// A body that stays until it is cancelled.
///
/// That the engine granted does not mean that the client has heard of it: wait for ``begun()`` before you cancel.
struct StayingBody: Sendable {
    let clock: ManualClock
    private let hasBegun = Watched(false)

    init(_ clock: ManualClock) { self.clock = clock }

    @Sendable func stay(_: Lease) async throws {
        hasBegun.update { $0 = true }
        try await clock.sleep(until: .distantFuture)
    }

    func begun() async { await hasBegun.until { $0 } }
}

extension Logger {
    static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

func error(of body: () async throws -> Void) async -> (any Error)? {
    do {
        try await body()
        return nil
    } catch {
        return error
    }
}

func code(of body: () async throws -> Void) async -> LockError.Code? {
    (await error(of: body) as? LockError)?.code
}
