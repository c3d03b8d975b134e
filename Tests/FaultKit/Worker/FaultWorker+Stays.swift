import Lockstead
import LocksteadGuards
import LocksteadTesting

extension FaultWorker {
    /// Takes a lock by a handle, reads both of its resources, and waits inside for what the runner says.
    ///
    /// Unlike a body it does not stop when its lease is lost: it writes all the same, as a program does that has not looked.
    func hold(_ name: String, _ client: LockClient) async {
        let stay = Stay()
        stays.update { $0[name] = stay }
        do {
            let lock = try await client.acquire(name, waitingAtMost: .seconds(600), lease: lease, purpose: "fault")
            stay.begin(lock.lease)
            let events = lock.lease.events()
            await withDiscardingTaskGroup { group in
                group.addTask { await tell(events, name) }
                await stayInside(name, lock, stay)
                group.cancelAll()
            }
            // Giving back what is lost is an error that the history tells, too.
            _ = try? await lock.release()
            StandardStreams.say("left \(name)")
        } catch {
            StandardStreams.say("failed to hold \(name): \(error)")
        }
    }

    private func stayInside(_ name: String, _ lock: HeldLock, _ stay: Stay) async {
        let (lockName, token) = (lock.lease.name, lock.lease.token)
        recorder.enter(lockName, token: token, validUntil: lock.lease.validUntil)
        defer { recorder.exit(lockName, token: token) }
        do {
            let (fenced, unfenced) = try ledgers(of: name)
            let value = unique(token.rawValue & 0xff_ffff_ffff)
            try await unfenced.add(value, token: token) { await writeFenced(name, fenced, value, token, stay) }
        } catch {
            StandardStreams.say("failed to write \(name): \(error)")
        }
        await stay.reach(.leaving)
    }

    private func writeFenced(
        _ name: String, _ ledger: LedgerFile, _ value: UInt64, _ token: FencingToken, _ stay: Stay
    ) async {
        do {
            try await ledger.add(value, token: token) {
                StandardStreams.say("inside \(name) \(token)")
                await stay.reach(.writing)
            }
            StandardStreams.say("wrote \(name)")
        } catch {
            let isRefusal = (error as? GuardError)?.code == .stale
            StandardStreams.say(isRefusal ? "refused \(name)" : "failed to write \(name): \(error)")
            await stay.reach(.writing)
        }
    }

    private func tell(_ events: AsyncStream<LeaseEvent>, _ name: String) async {
        for await event in events {
            switch event {
            case .lost(let reason): StandardStreams.say("lost \(name) \(time.now.nanoseconds) \(reason)")
            case .suspect: StandardStreams.say("doubt \(name)")
            case .held: StandardStreams.say("sure \(name)")
            default: break
            }
        }
    }

    /// Asks the engine itself for a lock, with the same request until it is answered, and keeps it until it is told to leave.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - answers: How many of the engine's answers are lost before they reach us.
    func ask(_ name: String, losing answers: Int = 0) async {
        let (stay, cable) = (Stay(), Cable())
        cable.loseAnswers(answers)
        stays.update { $0[name] = stay }
        do {
            let backend = try engine(on: cable).makeBackend(EngineContext(logger: logger, time: time))
            var generator = SystemRandomNumberGenerator()
            let request = LockRequest(
                id: .random(using: &generator), owner: .random(using: &generator), names: [try LockName(name)],
                lease: lease, wait: .until(time.now.advanced(by: .seconds(60))))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await backend.run() }
                let (grant, attempts) = try await acquire(request, backend)
                StandardStreams.say("inside \(name) \(grant.token) \(attempts)")
                await stay.reach(.leaving)
                _ = try await backend.release(grant, deadline: time.now.advanced(by: .seconds(5)))
                group.cancelAll()
            }
        } catch is CancellationError {
            // The engine's end, which we asked for.
        } catch {
            return StandardStreams.say("failed to ask \(name): \(error)")
        }
        StandardStreams.say("left \(name)")
    }

    private func acquire(_ request: LockRequest, _ backend: any LockBackend) async throws -> (Grant, attempts: Int) {
        var attempts = 0
        while true {
            attempts += 1
            do throws(LockError) {
                let outcome = try await backend.acquire(request)
                guard case .granted(let grant) = outcome else { continue }
                return (grant, attempts)
            } catch {
                guard error.effect == .mayHaveHappened || error.code == .engineUnavailable, attempts < 200 else {
                    throw error
                }
                try await time.sleep(until: time.now.advanced(by: .milliseconds(50)))
            }
        }
    }
}
