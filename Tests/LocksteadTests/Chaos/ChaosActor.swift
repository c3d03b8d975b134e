import Lockstead
import LocksteadTesting

/// One thing that a careless program does with locks.
struct ChaosActor: Sendable {
    let world: ChaosWorld
    let seed: UInt64

    private var locks: LockClient { world.client }
    private var witness: Witness { world.witness }

    func act() async throws {
        var dice = ChaosGenerator(seed: seed)
        switch Int.random(in: 0..<100, using: &dice) {
        case ..<40: try await scope(&dice)
        case ..<50: try await several(&dice)
        case ..<60: try await permit(&dice)
        case ..<75: try await handle(&dice)
        case ..<85: try await nest(&dice)
        case ..<92: try await escape(&dice)
        case ..<97: try await force(&dice)
        default: try await drop(&dice)
        }
    }

    /// Stays in the critical section for a moment; what the lease says of its end is the client's business.
    @Sendable private func work(_ lease: Lease, _ duration: Duration) async {
        let (names, mode) = (lease.names, lease.mode)
        witness.enter(lease)
        await pause(duration)
        witness.leave(names, mode)
    }

    private func patience(_ dice: inout ChaosGenerator) -> Duration? {
        dice.pick([nil, nil, .zero, .milliseconds(1), .milliseconds(20), .seconds(Int64.max)])
    }

    private func lease(_ dice: inout ChaosGenerator) -> Duration {
        dice.pick([.seconds(10), .seconds(30), .seconds(300)])
    }

    private func scope(_ dice: inout ChaosGenerator) async throws {
        let (name, stay) = (dice.pick(["a", "b", "c/d"]), dice.micros(800))
        let mode: LockMode = dice.chance(30) ? .shared : .exclusive
        let fairness: Fairness = dice.chance(40) ? .barging : .fair
        if dice.chance(25) {
            _ = try await locks.tryWithLock(name, mode: mode, lease: lease(&dice)) { await work($0, stay) }
        } else {
            try await locks.withLock(
                name, mode: mode, waitingAtMost: patience(&dice), lease: lease(&dice), fairness: fairness,
                priority: dice.chance(10) ? 3 : 0
            ) { await work($0, stay) }
        }
    }

    private func several(_ dice: inout ChaosGenerator) async throws {
        let stay = dice.micros(500)
        try await locks.withLocks(
            dice.pick([["a", "b"], ["b", "a"], ["c/d", "a", "b"]]), waitingAtMost: .milliseconds(50),
            lease: lease(&dice)
        ) { await work($0, stay) }
    }

    private func permit(_ dice: inout ChaosGenerator) async throws {
        let (count, stay) = (Int.random(in: 1...3, using: &dice), dice.micros(800))
        let semaphore = try locks.semaphore("permits", permits: 3)
        try await semaphore.withPermits(count, waitingAtMost: patience(&dice), lease: lease(&dice)) {
            await work($0, stay)
        }
    }

    private func handle(_ dice: inout ChaosGenerator) async throws {
        let lock = try await locks.acquire("a", waitingAtMost: .milliseconds(50), lease: lease(&dice))
        await work(lock.lease, dice.micros(500))
        if dice.chance(30) {
            // Refused where the answer is lost or the lock is; released below all the same.
            _ = await error { try await locks.downgrade(lock) }
        }
        while let failure = await error(of: { try await lock.release() }) as? LockError {
            guard failure.effect == .mayHaveHappened || failure.code == .engineUnavailable else { throw failure }
            // A cancelled task does not pause, and the cable is mended by others.
            await Task.yield()
        }
    }

    private func nest(_ dice: inout ChaosGenerator) async throws {
        let stay = dice.micros(400)
        let locks = locks
        try await locks.withLock("a", waitingAtMost: .milliseconds(50), lease: lease(&dice)) { outer in
            try await locks.withLock("a") { inner in
                if inner.token != outer.token { witness.blame("entering again changed the token") }
                await work(inner, stay)
            }
            async let child: Void = locks.withLock("a") { _ in witness.blame("a child entered its parent's lock") }
            do { try await child } catch let error as LockError where error.code == .wouldDeadlock {}
            try await locks.withLock("z", waitingAtMost: .milliseconds(20)) { await work($0, stay) }
        }
    }

    private func escape(_ dice: inout ChaosGenerator) async throws {
        let (stay, other) = (dice.micros(600), dice.pick(["a", "b", "y"]))
        let locks = locks
        let escaped = Watched<Task<Void, any Error>?>(nil)
        let outer = await error {
            try await locks.withLock("b", waitingAtMost: .milliseconds(50)) { lease in
                // Awaited below, after the body.
                let task = Task {
                    try await locks.withLock(other, waitingAtMost: .milliseconds(30)) { await work($0, stay) }
                }
                escaped.update { $0 = task }
                await work(lease, stay)
            }
        }
        if let escapee = escaped.value { try await escapee.value }
        if let outer { throw outer }
    }

    private func force(_ dice: inout ChaosGenerator) async throws {
        // Nobody else than the holder's acknowledgement frees it within so long a lease.
        let stay = dice.micros(800)
        try await locks.withLock("forced", waitingAtMost: .milliseconds(50), lease: .seconds(300)) {
            await work($0, stay)
        }
    }

    /// Nothing frees it before the shutdown, so that each has a name of its own.
    private func drop(_ dice: inout ChaosGenerator) async throws {
        _ = try await locks.tryAcquire("dropped/\(dice.next())")
    }
}
