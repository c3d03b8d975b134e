import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Gets the lock for `exec`, as patiently as asked, and gives way to a signal.
struct ExecAcquisition {
    let request: ExecRequest
    let client: LockClient
    let inputs: ExecInputs
    let time: any TimeSource

    /// Returns the lock; a grant that crosses a signal is given back, not leaked.
    ///
    /// - Throws: `ExecFailure.notAcquired` or `.interrupted`, or what the client throws.
    func acquire() async throws -> HeldLock {
        let (request, client, inputs, time) = (request, client, inputs, time)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    inputs.put(.acquired(.success(try await Self.take(request, client, time))))
                } catch {
                    inputs.put(.acquired(.failure(error)))
                }
            }
            var interruption: CInt?
            while let input = await inputs.next() {
                switch input {
                case .signal(SIGTSTP): Signals.raise(SIGSTOP)
                case .signal(let number) where ExecInputs.isFatal(number):
                    interruption = number
                    group.cancelAll()
                case .acquired(let result):
                    if let interruption { throw try await giveWay(to: interruption, result) }
                    return try await lock(from: result)
                case .signal, .lease, .guardSaid, .timeIsUp: continue
                }
            }
            throw CancellationError()
        }
    }

    /// Asks again where a waiter lost its place, because it or the machine was paused for longer than a lease: the user asked to wait.
    private static func take(
        _ request: ExecRequest, _ client: LockClient, _ time: any TimeSource
    ) async throws -> HeldLock? {
        let start = time.now
        while true {
            do {
                return try await ask(request, client, waited: start.duration(to: time.now))
            } catch let error as LockError where error.code == .leaseLost && error.effect == .didNotHappen {
                if case .never = request.wait { throw error }
            }
        }
    }

    private static func ask(
        _ request: ExecRequest, _ client: LockClient, waited: Duration
    ) async throws -> HeldLock? {
        switch request.wait {
        case .never:
            try await client.tryAcquire(
                request.name, mode: request.mode, lease: request.lease,
                terms: request.terms,
                purpose: request.purpose)
        case .atMost(let patience):
            try await client.acquire(
                request.name, mode: request.mode, waitingAtMost: max(.zero, patience - waited), lease: request.lease,
                terms: request.terms, purpose: request.purpose)
        case .forever:
            try await client.acquire(
                request.name, mode: request.mode, lease: request.lease,
                terms: request.terms,
                purpose: request.purpose)
        }
    }

    private func lock(from result: Result<HeldLock?, any Error>) async throws -> HeldLock {
        do {
            if let lock = try result.get() { return lock }
        } catch let error as LockError where error.code == .timedOut {
            throw ExecFailure.notAcquired(request.name, waited: patience, try await client.inspect(request.name))
        }
        throw ExecFailure.notAcquired(request.name, waited: nil, try await client.inspect(request.name))
    }

    private var patience: Duration? {
        if case .atMost(let patience) = request.wait { patience } else { nil }
    }

    private func giveWay(to signal: CInt, _ result: Result<HeldLock?, any Error>) async throws -> ExecFailure {
        if case .success(let lock?) = result { try await lock.release() }
        return .interrupted(signal)
    }
}
