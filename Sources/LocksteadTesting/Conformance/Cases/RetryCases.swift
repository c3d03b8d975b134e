import Lockstead

extension ConformanceSuite {
    static let retryCases: [ConformanceCase] = [
        ConformanceCase(
            "retry/same-grant",
            "A request that is sent again gets the grant it has, and one release frees it",
            covers: ["S7", "R23", "R52"], kinds: [.exclusive]
        ) { context in
            try await context.withBackend { backend in
                let request = try context.request("a", lease: .seconds(60))
                let first = try await context.grant(request, on: backend)
                let again = try await context.grant(request, on: backend)
                try context.check(first.token == again.token, "\(first.token) became \(again.token)")
                try await context.release(again, on: backend)
                try context.check(try await context.isFree("a", on: backend), "one release was not enough")
            }
        },
        ConformanceCase(
            "retry/same-place",
            "A waiting request that is sent again keeps its one place, and all its callers get the one grant",
            covers: ["S7", "S9", "R52"], kinds: [.exclusive], needs: [.inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("a", on: one)
                let request = try context.request("a", lease: .seconds(60))
                try await withThrowingTaskGroup(of: Grant.self) { group in
                    for _ in 0..<3 { group.addTask { try await context.grant(request, on: two) } }
                    try await context.waitForWaiters(1, of: "a", on: one)
                    try await context.release(held, on: one)
                    var grants: [Grant] = []
                    for try await grant in group { grants.append(grant) }
                    try context.check(Set(grants.map(\.token)).count == 1, "the tokens are \(grants.map(\.token))")
                    try await context.release(grants[0], on: two)
                }
                try context.check(try await context.isFree("a", on: one), "one release was not enough")
            }
        },
        ConformanceCase(
            "retry/withdrawn",
            "A request whose answer was lost is found by its id: withdrawn, it neither waits nor holds",
            covers: ["R23", "R25", "R26"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                let lost = try context.request("a", lease: .seconds(60))
                let grant = try await context.grant(lost, on: one)
                try await one.cancel(lost, deadline: context.soon)
                try context.check(try await context.isFree("a", on: two), "the withdrawn request still holds")
                try await one.cancel(lost, deadline: context.soon)
                let newer = try await context.hold("a", on: two)
                try await one.cancel(lost, deadline: context.soon)
                let late = try await one.release(grant, deadline: context.soon)
                try context.check(late != .released, "the withdrawn grant was released again")
                try await context.release(newer, on: two)
            }
        },
        ConformanceCase(
            "run/begins-later", "A call made before the engine's run() has begun is served, not refused",
            covers: ["L5"],
            kinds: [.exclusive]
        ) { context in
            let backend = try await context.store.makeBackend()
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                async let early = context.hold("a", on: backend)
                // Long enough for the call to be made; shorter than any deadline.
                try await Task.sleep(for: .milliseconds(20))
                group.addTask { try await backend.run() }
                try await context.release(try await early, on: backend)
            }
        },
        ConformanceCase(
            "release/never-a-newer-grant",
            "A release that comes late or twice frees neither another's grant nor a newer one of the same client",
            covers: ["S7", "R17", "R18", "R45"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                for newerClient in [two, one] {
                    let old = try await context.hold("a", on: one)
                    try await context.release(old, on: one)
                    let newer = try await context.hold("a", on: newerClient)
                    let outcome = try await one.release(old, deadline: context.soon)
                    guard case .lost = outcome else {
                        throw ConformanceFailure("a stale release said \(outcome)", Place())
                    }
                    try context.check(!(try await context.isFree("a", on: two)), "a stale release freed a newer grant")
                    try await context.release(newer, on: newerClient)
                }
            }
        },
        ConformanceCase(
            "release/never-another-client",
            "A client releases neither what another one holds nor what nobody was granted",
            covers: ["S7", "R17"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("a", on: one)
                // Its own request and owner under another's token, and another's request under a token of its own.
                let own = try context.request("a", lease: .seconds(60))
                var (stolen, invented) = (held, held)
                (stolen.request, stolen.owner) = (own.id, own.owner)
                invented.token = FencingToken(rawValue: held.token.rawValue + 1)
                for (forged, client) in [(stolen, two), (invented, two), (invented, one)] {
                    let outcome = try await client.release(forged, deadline: context.soon)
                    guard case .lost = outcome else { throw ConformanceFailure("it said \(outcome)", Place()) }
                    try await context.checkLost(forged, on: client)
                    try context.check(!(try await context.isFree("a", on: two)), "it was freed")
                }
                try await context.release(held, on: one)
            }
        },
        ConformanceCase(
            "renewal/never-re-creates",
            "A renewal of what was released says that it is lost, and takes nothing",
            covers: ["R9", "R14"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("a", on: one)
                try await context.release(held, on: one)
                try await context.checkLost(held, on: one)
                try context.check(try await context.isFree("a", on: two), "the renewal took the lock")
                let newer = try await context.hold("a", on: two)
                try await context.checkLost(held, on: one)
                try await context.release(newer, on: two)
            }
        },
        ConformanceCase(
            "renewal/crossing-a-release",
            "A renewal that is under way while its grant is released brings nothing back",
            covers: ["R9", "R15"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                for round in 0..<100 {
                    let held = try await context.hold("a", on: one)
                    async let renewed = one.renew([held], deadline: context.soon)
                    for _ in 0..<(round % 4) { await Task.yield() }
                    try await context.release(held, on: one)
                    _ = await renewed
                    try context.check(try await context.isFree("a", on: two), "round \(round) left the lock taken")
                }
            }
        },
    ]
}

extension ConformanceContext {
    func checkLost(_ grant: Grant, on backend: any LockBackend, _ place: Place = Place()) async throws {
        let outcomes = await backend.renew([grant], deadline: soon)
        guard outcomes.count == 1, case .lost = outcomes[0] else {
            throw ConformanceFailure("the renewal of a lost grant said \(outcomes)", place)
        }
    }

    func checkRenewed(_ grants: [Grant], on backend: any LockBackend, _ place: Place = Place()) async throws {
        let outcomes = await backend.renew(grants, deadline: soon)
        try check(outcomes.count == grants.count, "\(outcomes.count) outcomes for \(grants.count) grants", place)
        for (grant, outcome) in zip(grants, outcomes) {
            guard case .renewed = outcome else {
                throw ConformanceFailure("the renewal of \(grant.names) said \(outcome)", place)
            }
        }
    }
}
