import Lockstead

extension ConformanceSuite {
    static let severalNamesCases: [ConformanceCase] = [
        ConformanceCase(
            "several-names/all-or-none",
            "One grant covers all names or none: a request that fails for one name leaves the others free",
            covers: ["S1", "R41"], kinds: [.severalNames], needs: [.severalNames]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("b", on: one)
                let both = try context.request("a", "b", wait: .never)
                guard case .busy = try await two.acquire(both) else { throw ConformanceFailure("two holders", Place()) }
                try context.check(try await context.isFree("a", on: one), "a failed request kept one of its names")
                try await context.release(held, on: one)
                let grant = try await context.grant(try context.request("a", "b", lease: .seconds(60)), on: two)
                try context.check(grant.names.map(\.text) == ["a", "b"], "the grant covers \(grant.names)")
                for name in ["a", "b"] {
                    try context.check(
                        !(try await context.isFree(name, on: one)), "\(name) is free under a grant of both")
                }
                try await context.release(grant, on: two)
                for name in ["a", "b"] {
                    try context.check(try await context.isFree(name, on: one), "\(name) was not released")
                }
            }
        },
        ConformanceCase(
            "several-names/keeps-its-places",
            "A request that waits for several names keeps its place in the queue of each, also where the name is free",
            covers: ["S9", "L4", "RULES 14"], kinds: [.severalNames, .fair], needs: [.severalNames, .fair, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("a", on: one)
                let both = try context.request("a", "b", lease: .seconds(60))
                async let waiting = context.grant(both, on: two)
                try await context.waitForWaiters(1, of: "b", on: one)
                try context.check(!(try await context.isFree("b", on: one)), "a later request overtook it on b")
                try await context.release(held, on: one)
                try await context.release(try await waiting, on: two)
                try context.check(try await context.isFree("b", on: one), "b is not free")
            }
        },
        ConformanceCase(
            "several-names/opposite-orders",
            "Clients that name the same locks in opposite orders never wait for each other",
            covers: ["R41", "L3"], kinds: [.severalNames]
        ) { context in
            try await context.withClient { one in
                try await context.withClient { two in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for (client, names) in [
                            (one, ["a", "b"]), (two, ["b", "a"]), (one, ["b", "c"]), (two, ["c", "a"]),
                        ] {
                            group.addTask {
                                for _ in 0..<25 { try await client.withLocks(names) { _ in await Task.yield() } }
                            }
                        }
                        try await group.waitForAll()
                    }
                }
            }
        },
        ConformanceCase(
            "several-names/one-lost",
            "A release of several names of which one is lost says so, and frees the others",
            covers: ["R22"], kinds: [.severalNames, .forcedRelease], needs: [.severalNames, .forceRelease]
        ) { context in
            try await context.withTwoBackends { one, two in
                let grant = try await context.grant(try context.request("a", "b", lease: .seconds(60)), on: one)
                _ = try await two.forceRelease(try LockName("a"), reason: "r", now: true, deadline: context.soon)
                let newer = try await context.hold("a", on: two)
                let outcome = try await one.release(grant, deadline: context.soon)
                guard case .lost = outcome else { throw ConformanceFailure("the release said \(outcome)", Place()) }
                try context.check(try await context.isFree("b", on: two), "the other name was not freed")
                try context.check(!(try await context.isFree("a", on: one)), "a newer grant was freed")
                try await context.release(newer, on: two)
            }
        },
    ]

    static let orderCases: [ConformanceCase] = [
        ConformanceCase(
            "order/arrival",
            "Fair waiters are granted in the order in which they came, across clients; who gave up holds nobody up",
            covers: ["S9", "L4", "R26", "R32"], kinds: [.fair], needs: [.fair, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("a", on: one)
                let requests = try (0..<12).map { _ in try context.request("a", lease: .seconds(60)) }
                let order = GrantOrder()
                try await withThrowingTaskGroup(of: Void.self) { stays in
                    try await withThrowingTaskGroup(of: Void.self) { leaves in
                        for (place, request) in requests.enumerated() {
                            let backend = place.isMultiple(of: 2) ? one : two
                            if place % 4 == 1 {
                                leaves.addTask { _ = try await context.grantUnlessCancelled(request, on: backend) }
                            } else {
                                stays.addTask {
                                    let grant = try await context.grant(request, on: backend)
                                    order.append(grant.request)
                                    try await context.release(grant, on: backend)
                                }
                            }
                            try await context.waitForWaiters(place + 1, of: "a", on: one)
                        }
                        leaves.cancelAll()
                        try await leaves.waitForAll()
                    }
                    try await context.release(held, on: one)
                    try await stays.waitForAll()
                }
                let expected = requests.enumerated().filter { $0.offset % 4 != 1 }.map(\.element.id)
                try context.check(order.requests == expected, "the order was \(order.places(in: requests))")
            }
        },
        ConformanceCase(
            "order/barging",
            "A barging request takes what is free past barging waiters, and never past a fair one",
            covers: ["L4", "RULES 14"], kinds: [.barging], needs: [.barging, .fair, .permits, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                for head in [Fairness.barging, .fair] {
                    func permits(_ count: Int, _ fairness: Fairness) throws -> LockRequest {
                        try context.request(
                            "s/\(head)", mode: .permits(count: count, limit: 2), lease: .seconds(60), fairness: fairness
                        )
                    }
                    let held = try await context.grant(try permits(1, .fair), on: one)
                    let large = try permits(2, head)
                    async let waiting = context.grant(large, on: two)
                    try await context.waitForWaiters(1, of: "s/\(head)", on: one)
                    let passed = try await context.isFree(try permits(1, .barging), on: one)
                    try context.check(passed == (head == .barging), "behind a \(head) waiter: passed is \(passed)")
                    try context.check(!(try await context.isFree(try permits(1, .fair), on: one)), "a fair one barged")
                    try await context.release(held, on: one)
                    try await context.release(try await waiting, on: two)
                }
            }
        },
        ConformanceCase(
            "order/priority",
            "Higher priority is served first, and nobody is overtaken more than sixteen times",
            covers: ["L4", "RULES 14"], kinds: [.priority], needs: [.priority, .inspect]
        ) { context in
            try await context.withBackend { backend in
                let held = try await context.hold("a", on: backend)
                let low = try context.request("a", lease: .seconds(60), priority: -1)
                let high = try (0..<20).map { _ in try context.request("a", lease: .seconds(60), priority: 5) }
                let order = GrantOrder()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (place, request) in ([low] + high).enumerated() {
                        group.addTask {
                            let grant = try await context.grant(request, on: backend)
                            order.append(grant.request)
                            try await context.release(grant, on: backend)
                        }
                        try await context.waitForWaiters(place + 1, of: "a", on: backend)
                    }
                    try await context.release(held, on: backend)
                    try await group.waitForAll()
                }
                let expected = high.prefix(16).map(\.id) + [low.id] + high.suffix(4).map(\.id)
                try context.check(order.requests == expected, "the order was \(order.places(in: [low] + high))")
            }
        },
        ConformanceCase(
            "order/circle",
            "A wait that would close a circle of owners is refused at once with wouldDeadlock, whatever its deadline",
            covers: ["RULES 12"], kinds: [.exclusive], needs: [.deadlockDetection, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let (first, second) = (try await context.hold("1", on: one), try await context.hold("2", on: two))
                var wantsSecond = try context.request("2", lease: .seconds(60))
                wantsSecond.owner = first.owner
                var wantsFirst = try context.request("1", lease: .seconds(60))
                wantsFirst.owner = second.owner
                let waiting = wantsSecond
                async let patient = context.grant(waiting, on: one)
                try await context.waitForWaiters(1, of: "2", on: one)
                let closing = wantsFirst
                let start = context.now
                let error = try await context.expect(.wouldDeadlock) { try await two.acquire(closing) }
                try context.check(start.duration(to: context.now) <= .seconds(1) + context.slack, "it waited")
                try context.check(error.message.contains(first.owner.description), "the circle is not named: \(error)")
                try await context.release(second, on: two)
                try await context.release(try await patient, on: one)
                try await context.release(first, on: one)
            }
        },
    ]
}
