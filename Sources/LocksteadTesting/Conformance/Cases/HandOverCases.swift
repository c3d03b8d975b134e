import Lockstead

extension ConformanceSuite {
    static let handOverCases: [ConformanceCase] = [
        ConformanceCase(
            "hand-over/new-grant",
            "A hand-over is a new grant with a new token, and ends the old one",
            covers: ["S2", "RULES 9", "R17"], kinds: [.handOver], needs: [.handOver]
        ) { context in
            try await context.withTwoBackends { one, two in
                let old = try await context.hold("a", on: one)
                let request = try context.request("a", lease: .seconds(60))
                guard let new = try await one.handOver(old, to: request) else {
                    throw ConformanceFailure("nobody waits, and it was not handed over", Place())
                }
                try context.check(new.token > old.token && new.owner == request.owner, "the new grant is \(new)")
                try context.check(!(try await context.isFree("a", on: two)), "the lock was freed")
                let stale = try await one.release(old, deadline: context.soon)
                try context.check(stale != .released, "the old grant was released after the hand-over")
                try await context.release(new, on: one)
                _ = try await context.expect(.notHeld) { try await one.handOver(old, to: try context.request("a")) }
                try context.check(try await context.isFree("a", on: two), "the lock is not free")
            }
        },
        ConformanceCase(
            "hand-over/behind-a-waiter",
            "A fair waiter elsewhere comes first: nothing is handed over past it, and the old grant is still held",
            covers: ["S9", "RULES 9"], kinds: [.handOver, .fair], needs: [.handOver, .fair, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("a", on: one)
                let waiting = try context.request("a", lease: .seconds(60))
                async let next = context.grant(waiting, on: two)
                try await context.waitForWaiters(1, of: "a", on: one)
                let handed = try await one.handOver(held, to: try context.request("a", lease: .seconds(60)))
                try context.check(handed == nil, "it was handed over past a fair waiter")
                try await context.checkRenewed([held], on: one)
                try await context.release(held, on: one)
                try await context.release(try await next, on: two)
            }
        },
    ]
}
