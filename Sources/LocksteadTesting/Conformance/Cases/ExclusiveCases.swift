import Lockstead
import Synchronization

extension ConformanceSuite {
    static let exclusiveCases: [ConformanceCase] = [
        ConformanceCase(
            "exclusive/one-at-a-time",
            "Of many contenders on two clients one holds at a time, and each has a higher token than the one before",
            covers: ["S1", "S2", "L3", "R17", "R47"], kinds: [.exclusive]
        ) { context in
            let detector = OverlapDetector()
            try await context.withTwoBackends { one, two in
                try await context.contend(on: [one, two], tasks: 12, rounds: 20, detector) {
                    try context.request("a", lease: .seconds(60))
                }
            }
            try context.check(detector.violations.isEmpty, detector.violations.joined(separator: "; "))
            try context.check(detector.entries == 240, "\(detector.entries) of 240 grants were made")
        },
        ConformanceCase(
            "exclusive/counter",
            "A thousand tasks that add one to a counter lose updates without the lock, and none with it",
            covers: ["S1", "R55", "R56"], kinds: [.exclusive]
        ) { context in
            let unguarded = try await context.count(tasks: 1_000) { add in try await add() }
            context.figures.note("without a lock \(1_000 - unguarded) of 1,000 lost")
            try context.check(unguarded < 1_000, "the counter lost nothing without a lock, so it proves nothing")
            try await context.withClient { client in
                let guarded = try await context.count(tasks: 1_000) { add in
                    try await client.withLock("counter") { _ in try await add() }
                }
                context.figures.note("with it \(1_000 - guarded)")
                try context.check(guarded == 1_000, "the counter stands at \(guarded) of 1,000")
            }
        },
        ConformanceCase(
            "exclusive/tokens-rise",
            "Tokens rise through release, withdrawal, forced release and the end of the hold, and never come back",
            covers: ["S2", "R45", "R47"], kinds: [.exclusive, .forcedRelease, .maximumHold],
            needs: [.forceRelease, .maximumHold]
        ) { context in
            try await context.withTwoBackends { one, two in
                var tokens: [FencingToken] = []
                let released = try await context.hold("a", on: one)
                try await context.release(released, on: one)
                let lost = try context.request("a", lease: .seconds(60))
                let withdrawn = try await context.grant(lost, on: two)
                try await two.cancel(lost, deadline: context.soon)
                let forced = try await context.hold("a", on: one)
                _ = try await two.forceRelease(forced.names[0], reason: "r", now: true, deadline: context.soon)
                let terms = HoldTerms(maximumHold: .milliseconds(100))
                let capped = try await context.grant(
                    try context.request("a", lease: .seconds(60), terms: terms), on: two)
                let last = try await context.grant(try context.request("a", lease: .seconds(60)), on: one)
                tokens += [released, withdrawn, forced, capped, last].map(\.token)
                try context.checkRising(tokens)
            }
        },
        ConformanceCase(
            "exclusive/try",
            "A lock that is held is an outcome, not an error: a request that does not wait is told so at once",
            covers: ["S1", "L5"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("a", on: one)
                for backend in [one, two] {
                    let start = context.now
                    guard case .busy(let holder) = try await backend.acquire(try context.request("a", wait: .never))
                    else {
                        throw ConformanceFailure("two holders", Place())
                    }
                    try context.check(
                        start.duration(to: context.now) <= .milliseconds(100) + context.slack, "it took too long")
                    if let holder {
                        try context.check(
                            holder.holders.map(\.token) == [held.token], "the holder is \(holder.holders)")
                    }
                }
                try await context.release(held, on: one)
                try context.check(try await context.isFree("a", on: two), "the lock is not free after its release")
            }
        },
        ConformanceCase(
            "exclusive/names-are-apart",
            "Names differ by every byte: parents and children, upper and lower case, and signs that other systems treat as special",
            covers: ["S1", "RULES 21"], kinds: [.exclusive]
        ) { context in
            let names = [
                "a", "A", "a/b", "a/b/c", "a b", "a.b", "a%2Fb", "ä", "a\\b", "*", "{a}", "a:b", "~", "con", "…", "🔒",
                String(repeating: "x", count: LockName.maximumByteCount), ".a", "a..b", "-", "a/-", "null",
            ]
            try await context.withBackend { backend in
                var grants: [Grant] = []
                for name in names { grants.append(try await context.hold(name, on: backend)) }
                for grant in grants { try await context.release(grant, on: backend) }
            }
        },
    ]
}

extension ConformanceContext {
    /// Lets many tasks acquire, look around and release, again and again.
    func contend(
        on backends: [any LockBackend], tasks: Int, rounds: Int, _ detector: OverlapDetector,
        _ request: @escaping @Sendable () throws -> LockRequest
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                let backend = backends[task % backends.count]
                group.addTask {
                    for _ in 0..<rounds {
                        let grant = try await self.grant(try request(), on: backend)
                        detector.enter(grant)
                        await Task.yield()
                        detector.leave(grant)
                        try await self.release(grant, on: backend)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Lets many tasks add one to a counter by reading it, giving way, and writing it back.
    func count(
        tasks: Int, _ guarding: @escaping @Sendable (@escaping @Sendable () async throws -> Void) async throws -> Void
    ) async throws -> Int {
        let counter = SlowCounter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<tasks { group.addTask { try await guarding { await counter.addOne() } } }
            try await group.waitForAll()
        }
        return counter.value
    }
}

/// Whoever adds one without a lock overwrites what others added meanwhile.
private final class SlowCounter: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }

    func addOne() async {
        let seen = state.withLock { $0 }
        await Task.yield()
        state.withLock { $0 = seen + 1 }
    }
}
