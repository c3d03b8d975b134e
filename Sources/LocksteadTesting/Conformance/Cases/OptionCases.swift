import Lockstead

extension ConformanceSuite {
    static let optionCases: [ConformanceCase] = [
        ConformanceCase(
            "options/names",
            "Names that break the rules are refused, the same ones on every engine, and nothing is taken",
            covers: ["RULES 21"], kinds: [.exclusive]
        ) { context in
            let bad = [
                "", "/", "/a", "a/", "a//b", ".", "..", "a/.", "a/../b", "./a", "a\u{0}", "a\nb", "\u{7F}", "a\u{85}b",
                "e\u{301}", String(repeating: "x", count: 513), String(repeating: "ä", count: 257),
            ]
            try await context.withClient { client in
                for name in bad {
                    _ = try await context.expect(.invalidName) { try await client.withLock(name) { _ in } }
                    _ = try await context.expect(.invalidName) { try await client.tryWithLock(name) { _ in } }
                    _ = try await context.expect(.invalidName) { try await client.acquire(name) }
                    _ = try await context.expect(.invalidName) { try await client.withLocks(["good", name]) { _ in } }
                    _ = try await context.expect(.invalidName) { try await client.inspect(name) }
                }
            }
            try await context.withBackend { backend in
                try context.check(try await context.isFree("good", on: backend), "a refused request took a name")
            }
        },
        ConformanceCase(
            "options/leases",
            "A lease of nothing, of less, or of more than the engine keeps is refused, and the longest one is taken",
            covers: ["RULES 5", "R48"], kinds: [.exclusive]
        ) { context in
            try await context.withBackend { backend in
                var bad: [Duration] = [
                    .zero, .seconds(-1), context.capabilities.longestLease + .nanoseconds(1), .seconds(Int64.max),
                ]
                if let shortest = context.capabilities.shortestLease { bad.append(shortest - .nanoseconds(1)) }
                for lease in bad {
                    let error = try await context.expect(.invalidOption) {
                        try await backend.acquire(try context.request("a", lease: lease))
                    }
                    try context.check(error.effect == .didNotHappen, "a refusal says that it \(error.effect)")
                }
                let longest = try context.request("a", lease: context.capabilities.longestLease)
                try await context.release(try await context.grant(longest, on: backend), on: backend)
            }
        },
        ConformanceCase(
            "options/counts",
            "No names, too many names, and the same name twice are refused",
            covers: ["R48"], kinds: [.severalNames], needs: [.severalNames]
        ) { context in
            try await context.withBackend { backend in
                var request = try context.request("a")
                let many = try (0..<33).map { try LockName("n/\($0 + 100)") }
                for names in [[], many, [request.names[0], request.names[0]]] {
                    request.names = names
                    let wrong = request
                    _ = try await context.expect(.invalidOption) { try await backend.acquire(wrong) }
                }
                request.names = Array(many.prefix(32))
                try await context.release(try await context.grant(request, on: backend), on: backend)
            }
        },
        ConformanceCase(
            "options/permits",
            "Permit counts that make no sense are refused: none, more than there are, and semaphores of none or of millions",
            covers: ["R48"], kinds: [.semaphore], needs: [.permits]
        ) { context in
            try await context.withBackend { backend in
                for (count, limit) in [(0, 4), (-1, 4), (5, 4), (0, 0), (1, LockMode.maximumPermits + 1), (1, .max)] {
                    let wrong = try context.request("s", mode: .permits(count: count, limit: limit))
                    _ = try await context.expect(.invalidOption) { try await backend.acquire(wrong) }
                }
                let all = LockMode.maximumPermits
                let whole = try context.request("s", mode: .permits(count: all, limit: all))
                try await context.release(try await context.grant(whole, on: backend), on: backend)
            }
        },
        ConformanceCase(
            "options/terms",
            "Delays that are negative or longer than a day and caps of nothing are refused, and so is a note that is too long",
            covers: ["R48"], kinds: [.lockDelay, .minimumHold, .maximumHold],
            needs: [.lockDelay, .minimumHold, .maximumHold]
        ) { context in
            try await context.withBackend { backend in
                let bad = [
                    HoldTerms(lockDelay: .seconds(-1)), HoldTerms(minimumHold: .seconds(-1)),
                    HoldTerms(lockDelay: .seconds(86_401)), HoldTerms(minimumHold: .seconds(86_401)),
                    HoldTerms(minimumHold: .seconds(Int64.max)), HoldTerms(maximumHold: .zero),
                    HoldTerms(maximumHold: .seconds(-1)),
                ]
                for terms in bad {
                    let wrong = try context.request("a", terms: terms)
                    _ = try await context.expect(.invalidOption) { try await backend.acquire(wrong) }
                }
                let long = HolderNote(purpose: String(repeating: "x", count: HolderNote.maximumByteCount + 1))
                let wordy = try context.request("a", note: long)
                _ = try await context.expect(.limitExceeded) { try await backend.acquire(wordy) }
                try context.check(try await context.isFree("a", on: backend), "a refused request took the lock")
            }
        },
        ConformanceCase(
            "options/guarantee",
            "A grant says what it promises, and a stronger promise that is asked for is refused before anything is taken",
            covers: ["RULES 18", "R48"], kinds: [.exclusive]
        ) { context in
            try await context.withClient { client in
                // What a grant is worth may depend on the servers, which the first call meets.
                try await client.withLock("a") { _ in }
                let guarantee = client.capabilities.guarantee
                let exact = Guarantee.Requirement(
                    exclusion: guarantee.exclusion, scope: guarantee.scope, fencing: guarantee.fencing)
                let told = try await client.withLock("a", require: exact) { lease in lease.guarantee }
                try context.check(told == guarantee, "the lease promises \(told), the engine \(guarantee)")
                try context.check(
                    guarantee.satisfies(Guarantee.Requirement()), "it does not satisfy the empty requirement")
                guard guarantee.scope < .sites else { return }
                _ = try await context.expect(.guaranteeTooWeak) {
                    try await client.withLock("a", require: Guarantee.Requirement(scope: .sites)) { _ in }
                }
            }
        },
    ]
}
