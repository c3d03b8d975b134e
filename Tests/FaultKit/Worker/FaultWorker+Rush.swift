import Lockstead
import LocksteadTesting

extension FaultWorker {
    /// Asks the engine itself for locks, without waiting, and gives them back at once: a client's part in a lock costs more than an engine's.
    func rush() async {
        do {
            let backend = try engine().makeBackend(EngineContext(logger: logger, time: time))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await backend.run() }
                for _ in 0..<options.rushing { group.addTask { try await rush(backend) } }
                try await group.next()
                group.cancelAll()
            }
        } catch is CancellationError {
            // The worker's end.
        } catch {
            StandardStreams.say("failed to rush: \(error)")
        }
    }

    private func rush(_ backend: any LockBackend) async throws {
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            await isWorking.until { $0 }
            guard let name = options.names.randomElement(using: &generator) else { return }
            let request = LockRequest(
                id: .random(using: &generator), owner: .random(using: &generator), names: [try LockName(name)],
                lease: lease, wait: .never)
            do {
                guard case .granted(let grant) = try await backend.acquire(request) else { continue }
                _ = try await backend.release(grant, deadline: time.now.advanced(by: .seconds(5)))
            } catch {
                // An engine that is down would be asked without a pause; cancellation ends the pause and the loop.
                _ = try? await time.sleep(until: time.now.advanced(by: .milliseconds(20)))
            }
        }
    }
}
