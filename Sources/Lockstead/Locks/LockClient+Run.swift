import LockCore
public import Logging
public import ServiceLifecycle

extension LockClient: Service {
    /// Runs the client and its engine until a graceful shutdown has drained it, or the task is cancelled.
    ///
    /// Called once.
    ///
    /// A graceful shutdown refuses new locks, lets the bodies of `withLock` finish with the locks they nest, releases the handles that
    /// are left, and stops the engine. Cancellation does the same but first ends the leases, which cancels the bodies. Where no lease can
    /// be lost, as in-process, a body runs on its caller's task, which only its caller can cancel: such bodies are waited for.
    ///
    /// - Throws: What made the engine unusable, or `LockError` where the client ran before.
    public func run() async throws {
        switch gate.claim() {
        case .mayStart: break
        case .shutDownBefore: return
        case .ranBefore: throw LockError.invalid("A lock client runs once; make a new one.")
        }
        // Before the first grant, so that no loss is told to nobody.
        let notices = backend.notices()
        // The engine must outlive the cancellation of this task until all bodies have ended and their releases are sent; so the group
        // lives in a task that only we end, and that we await.
        let host = Task { try await hostEverything(notices) }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await host.value
            } onGracefulShutdown: {
                self.gate.drain()
            }
        } onCancel: {
            self.gate.drain()
            self.endAllLeases("the lock client was cancelled")
        }
    }

    /// Opens an engine, runs a client for it while `body` runs, and shuts both down in good order.
    ///
    /// - Parameters:
    ///   - engine: Which engine, such as `.inProcess`.
    ///   - configuration: The defaults of all calls.
    ///   - logger: Where client and engine log.
    ///   - observer: Is told what happens to every lock.
    ///   - time: The clocks to live by.
    ///   - body: Uses the client. Handles it leaves behind are released when it returns.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or what kept the engine from being made.
    public static func with<R: Sendable>(
        _ engine: LockEngine, configuration: Configuration = Configuration(),
        logger: Logger = Logger(label: "lockstead"), observer: (any LockObserver)? = nil,
        time: any TimeSource = SystemTimeSource(), _ body: (LockClient) async throws -> R
    ) async throws -> R {
        let backend = try engine.makeBackend(EngineContext(logger: logger, time: time))
        let client = LockClient(
            backend, configuration: configuration, logger: logger, observer: observer, time: time)
        return try await client.whileRunning(body)
    }

    /// Runs the client beside `body`, which its caller awaits; cancelling the caller cancels the body and not the engine under it.
    func whileRunning<R: Sendable>(_ body: (LockClient) async throws -> R) async throws -> R {
        // Awaited below, whatever the body does.
        let running = Task { try await run() }
        // A call that waits for nothing would not wait for the start either.
        await gate.started()
        let result: Result<R, any Error>
        do { result = .success(try await body(self)) } catch { result = .failure(error) }
        gate.drain()
        if case .failure(let error) = await running.result { instruments.engineFailed(error) }
        return try result.get()
    }

    private func hostEverything(_ notices: AsyncStream<BackendNotice>) async throws {
        defer { gate.stop() }
        gate.start()
        let result = await withTaskGroup(of: HostedPart.self) { group in
            group.addTask { await self.runEngine() }
            group.addTask {
                await self.renewalLoop.run(); return .other
            }
            group.addTask {
                for await notice in notices { self.heed(notice) }; return .other
            }
            group.addTask {
                await self.jobs.run(); return .other
            }
            group.addTask {
                await self.gate.drained.wait(); return .drained
            }
            return await conduct(&group)
        }
        try result.get()
    }

    /// Waits until everything has drained, whatever ends before, and then stops the rest.
    private func conduct(_ group: inout TaskGroup<HostedPart>) async -> Result<Void, any Error> {
        var result = Result<Void, any Error>.success(())
        for await part in group {
            switch part {
            case .other: continue
            case .engineFailed(let error):
                result = .failure(error)
                gate.drain(failure: error)
                endAllLeases("the engine stopped")
            case .drained:
                await releaseLeftovers()
                await gate.cleanedUp()
                gate.stop()
                lines.close(gate.shutDownError)
                group.cancelAll()
            }
        }
        return result
    }

    private func runEngine() async -> HostedPart {
        do {
            try await backend.run()
            return .other
        } catch is CancellationError {
            return .other
        } catch {
            return .engineFailed(error)
        }
    }

    private func endAllLeases(_ detail: String) {
        for held in registry.all { endLease(held, .engineLost(detail)) }
    }

    /// Handles that nobody released by the time of the shutdown.
    private func releaseLeftovers() async {
        await withDiscardingTaskGroup { group in
            for held in registry.all {
                group.addTask { await self.releaseQuietly(held) }
            }
        }
    }

    private enum HostedPart: Sendable {
        case drained
        case engineFailed(any Error)
        case other
    }
}
