import Lockstead
import LocksteadGuards
import LocksteadTesting

extension FaultWorker {
    /// Takes one lock after the other, as long as the crowd is to work.
    func contend(_ client: LockClient, _ number: Int) async {
        var turn = UInt64(number)
        while !Task.isCancelled {
            await isWorking.until { $0 }
            guard !Task.isCancelled else { return }
            turn += 1
            let name = options.names[Int(turn % UInt64(options.names.count))]
            await visit(name, client, value: UInt64(number + 1) << 40 | turn)
        }
    }

    private func visit(_ name: String, _ client: LockClient, value: UInt64) async {
        do {
            try await client.withLock(name, waitingAtMost: .seconds(30), lease: lease) { lease in
                tally.update { $0.grants += 1 }
                try await recorder.criticalSection(lease) {
                    guard value.isMultiple(of: UInt64(options.writesEvery)) else { return }
                    try await update(name, lease.token, value)
                }
            }
        } catch {
            await note(error)
        }
    }

    /// Adds to both resources of a lock, staying between reading and writing.
    private func update(_ name: String, _ token: FencingToken, _ value: UInt64) async throws {
        let (fenced, unfenced) = try ledgers(of: name)
        let value = unique(value)
        try await unfenced.add(value, token: token) {
            try await fenced.add(value, token: token) {
                try await time.sleep(until: time.now.advanced(by: .milliseconds(options.hold)))
            }
        }
    }

    /// No two workers add the same number.
    func unique(_ value: UInt64) -> UInt64 { UInt64(options.number + 1) << 50 | value }

    func ledgers(of name: String) throws -> (fenced: LedgerFile, unfenced: LedgerFile) {
        let paths = [true, false].map { WorkerOptions.ledger(of: name, in: options.ledgers, isFenced: $0) }
        let name = try LockName(name)
        return (
            LedgerFile(paths[0], of: name, fencing: .entered, recorder: recorder),
            LedgerFile(paths[1], of: name, fencing: .none, recorder: control)
        )
    }

    private func note(_ error: any Error) async {
        switch error {
        case is CancellationError: return
        case let error as GuardError where error.code == .stale: tally.update { $0.refused += 1 }
        case let error as LockError where error.code == .leaseLost: tally.update { $0.lost += 1 }
        case let error as LockError: tally.update { $0.failures["\(error.code)", default: 0] += 1 }
        case let error as GuardError: tally.update { $0.failures["guard-\(error.code)", default: 0] += 1 }
        default: tally.update { $0.failures["other", default: 0] += 1 }
        }
        // An engine that is down would be asked without a pause; cancellation ends the pause and the loop.
        _ = try? await time.sleep(until: time.now.advanced(by: .milliseconds(20)))
    }
}
