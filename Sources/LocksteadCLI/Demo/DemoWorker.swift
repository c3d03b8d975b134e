import Lockstead
import LocksteadGuards

/// Moves coins in the ledger, as one process of the demonstration.
struct DemoWorker: Sendable {
    let ledger: DemoLedger
    let lease: Duration
    let time = SystemTimeSource()

    /// Between reading and writing: as short as a careful program can be, and long enough to be overtaken.
    private static let thought = Duration.milliseconds(1)

    func play(_ part: DemoPart, _ client: LockClient) async throws {
        switch part {
        case .unguarded: try await moveUnguarded()
        case .guarded:
            try await moveGuarded(client) { try await time.sleep(until: time.now.advanced(by: Self.thought)) }
        case .paused: try await moveGuarded(client) { Self.awaitGo() }
        }
    }

    private func moveUnguarded() async throws {
        var balances = try ledger.peek()
        try await time.sleep(until: time.now.advanced(by: Self.thought))
        balances.move()
        try ledger.overwrite(balances)
    }

    /// Enters the ledger with the lock's token before it reads: from then on the ledger refuses lower ones.
    private func moveGuarded(_ client: LockClient, think: @escaping @Sendable () async throws -> Void) async throws {
        let ledger = ledger
        do {
            try await client.withLock("ledger", lease: lease, purpose: "demo") { lease in
                var balances = try await ledger.enter(lease.token)
                try Self.say("entered \(lease.token)")
                try await think()
                balances.move()
                do {
                    try await ledger.write(balances, lease.token)
                } catch let error as GuardError where error.code == .stale {
                    try Self.say("refused \(lease.token) \(error.seen ?? lease.token)")
                }
            }
        } catch let error as LockError where error.code == .leaseLost {
            // What a paused holder learns afterwards; the ledger has refused its write by then.
        }
    }

    static func say(_ line: String) throws {
        print(line)
        try StandardOutput.flush()
    }

    static func awaitGo() { _ = readLine() }
}
