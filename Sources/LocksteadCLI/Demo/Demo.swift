import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The demonstration: what is lost without a lock, what a lock saves, and what only a fencing token saves.
struct Demo {
    private let stage: DemoStage
    /// Prints one line of the story.
    private let tell: (String) -> Void

    private static let workers = 4
    private static let transfersPerWorker = 30
    private static var transfers: Int { workers * transfersPerWorker }
    /// More than once only where all workers happened to run one after the other.
    private static let attempts = 5
    /// Short, so that nobody waits long for a paused holder's lease to end.
    private static let lease = "2s"

    init(stage: DemoStage, tell: @escaping (String) -> Void) { (self.stage, self.tell) = (stage, tell) }

    /// Plays all three acts.
    func run() throws -> DemoResult {
        tell(
            "\(Self.workers) processes move coins from \"checking\" to \"savings\" in one ledger file, \(Self.transfersPerWorker) each,"
        )
        tell("one at a time: read both balances, think for a moment, write both back.")
        let unguarded = try playWithoutLock()
        let guarded = try playWithLock()
        let stale = try playPause()
        return DemoResult(unguardedLost: unguarded, guardedLost: guarded, staleToken: stale.old, newerToken: stale.new)
    }

    private func playWithoutLock() throws -> Int {
        tell("\n1. Without a lock they overwrite each other's transfers:")
        var lost = 0
        for _ in 0..<Self.attempts where lost == 0 {
            try stage.reset()
            try race(.unguarded)
            lost = try countLost()
        }
        tell("unguarded lost \(lost)")
        return lost
    }

    private func playWithLock() throws -> Int {
        tell("\n2. The same, each transfer under the lock \"ledger\":")
        try stage.reset()
        try race(.guarded)
        let lost = try countLost()
        tell("guarded lost \(lost)")
        return lost
    }

    /// All workers start when all are there, so that they do meet.
    private func race(_ part: DemoPart) throws {
        let workers = try (0..<Self.workers).map { _ in try stage.start(part, transfers: Self.transfersPerWorker) }
        for worker in workers { _ = try worker.expect("ready") }
        for worker in workers { worker.go() }
        for worker in workers { _ = try worker.expect("done") }
    }

    private func countLost() throws -> Int {
        let balances = try stage.balances()
        tell("   \(Self.transfers) coins were moved; savings show \(balances.savings).")
        return Self.transfers - balances.savings
    }

    private func playPause() throws -> (old: String, new: String) {
        tell("\n3. A lock is a lease, and a holder can be paused for longer than it lasts:")
        try stage.reset()
        let first = try stage.start(.paused, transfers: 1, lease: Self.lease)
        _ = try first.expect("ready")
        first.go()
        let old = try first.expect("entered").joined()
        tell("   A gets the lock under token \(old), enters the ledger with it, reads the balances,")
        first.send(SIGSTOP)
        tell(
            "   and is paused right there (SIGSTOP). It is not dead, so only its lease of \(Self.lease) can end its hold."
        )
        let second = try stage.start(.guarded, transfers: 1)
        _ = try second.expect("ready")
        second.go()
        let new = try second.expect("entered").joined()
        _ = try second.expect("done")
        tell(
            "   A's lease runs out. B gets the lock under the higher token \(new), enters the ledger with it, moves a coin."
        )
        first.send(SIGCONT)
        first.go()
        tell(
            "   A goes on (SIGCONT). It believes that it holds the lock, and writes what it computed before its pause.")
        return try conclude(first, old: old, new: new)
    }

    private func conclude(_ first: DemoProcess, old: String, new: String) throws -> (old: String, new: String) {
        let words = try first.nextWords()
        guard words.first == "refused", words.count == 3 else {
            throw DemoFailure("the ledger took the stale write: A said \"\(words.joined(separator: " "))\"")
        }
        tell("   The ledger remembers the highest token that entered it:")
        tell("stale write refused: token \(words[1]) < \(words[2])")
        let balances = try stage.balances()
        guard balances.savings == 1, words[1] == old, words[2] == new else {
            throw DemoFailure("the ledger shows \(balances.text.split(separator: "\n")) after one transfer by B")
        }
        tell("   B's transfer is intact. Without the token, A's write would have undone it.")
        return (words[1], words[2])
    }
}

/// What the demonstration showed, as JSON.
struct DemoResult: Encodable, Sendable {
    let unguardedLost: Int
    let guardedLost: Int
    /// The token of the write that was refused.
    let staleToken: String
    /// The token because of which it was refused.
    let newerToken: String

    /// Whether everything came out as it should.
    var isConvincing: Bool {
        guard let stale = FencingToken(staleToken), let newer = FencingToken(newerToken) else { return false }
        return unguardedLost > 0 && guardedLost == 0 && stale < newer
    }
}
