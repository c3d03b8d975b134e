import Lockstead

extension ConformanceSuite {
    static let sharedCases: [ConformanceCase] = [
        ConformanceCase(
            "shared/readers-and-writers",
            "Readers hold beside each other, a writer alone, under load from two clients",
            covers: ["S1", "R54"], kinds: [.shared], needs: [.shared]
        ) { context in
            let detector = OverlapDetector()
            try await context.withTwoBackends { one, two in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await context.contend(on: [one, two], tasks: 8, rounds: 15, detector) {
                            try context.request("a", mode: .shared)
                        }
                    }
                    group.addTask {
                        try await context.contend(on: [two, one], tasks: 4, rounds: 15, detector) {
                            try context.request("a")
                        }
                    }
                    try await group.waitForAll()
                }
                let readers = [
                    try await context.grant(try context.request("b", mode: .shared, wait: .never), on: one),
                    try await context.grant(try context.request("b", mode: .shared, wait: .never), on: two),
                ]
                for reader in readers { detector.enter(reader) }
                try context.check(!(try await context.isFree("b", on: two)), "a writer came in beside two readers")
                try await context.release(readers[0], on: one)
                try context.check(!(try await context.isFree("b", on: two)), "a writer came in beside a reader")
                try await context.release(readers[1], on: two)
                try context.check(try await context.isFree("b", on: two), "no reader is left, and no writer comes in")
            }
            try context.check(detector.violations.isEmpty, detector.violations.joined(separator: "; "))
            try context.check(detector.mostReaders >= 2, "no two readers were ever inside together")
        },
        ConformanceCase(
            "shared/behind-a-writer",
            "Readers that come after a waiting writer wait behind it, and are then let in together",
            covers: ["S9", "L4", "RULES 14"], kinds: [.shared, .fair], needs: [.shared, .fair, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let reader = try await context.grant(
                    try context.request("a", mode: .shared, lease: .seconds(60)), on: one)
                let writing = try context.request("a", lease: .seconds(60))
                try await withThrowingTaskGroup(of: Grant.self) { late in
                    async let writer = context.grant(writing, on: two)
                    try await context.waitForWaiters(1, of: "a", on: one)
                    let probe = try context.request("a", mode: .shared)
                    try context.check(!(try await context.isFree(probe, on: one)), "a reader overtook the writer")
                    for place in 2...3 {
                        let request = try context.request("a", mode: .shared, lease: .seconds(60))
                        late.addTask { try await context.grant(request, on: one) }
                        try await context.waitForWaiters(place, of: "a", on: one)
                    }
                    try await context.release(reader, on: one)
                    let written = try await writer
                    try await context.waitForWaiters(2, of: "a", on: one)
                    try await context.release(written, on: two)
                    var grants: [Grant] = []
                    for try await grant in late { grants.append(grant) }
                    try context.check(grants.allSatisfy { $0.token > written.token }, "a reader's token is older")
                    for grant in grants { try await context.release(grant, on: one) }
                }
            }
        },
        ConformanceCase(
            "shared/upgrade-is-refused",
            "A reader that asks for the exclusive lock is refused at once instead of waiting for itself",
            covers: ["R54"], kinds: [.shared, .reentrant], needs: [.shared]
        ) { context in
            try await context.withClient { client in
                try await client.withLock("a", mode: .shared) { lease in
                    let start = context.now
                    _ = try await context.expect(.upgradeRefused) { try await client.withLock("a") { _ in } }
                    try context.check(start.duration(to: context.now) <= .seconds(1) + context.slack, "it waited")
                    try context.check(lease.isHeld, "the refusal cost the read lock")
                }
            }
        },
        ConformanceCase(
            "shared/downgrade",
            "A writer that turns reader keeps its token, lets readers in and keeps writers out, with no gap between",
            covers: ["R54", "R45"], kinds: [.downgrade, .shared], needs: [.downgrade, .shared, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let writer = try await context.hold("a", on: one)
                let reading = try context.request("a", mode: .shared, lease: .seconds(60))
                async let waiting = context.grant(reading, on: two)
                try await context.waitForWaiters(1, of: "a", on: one)
                let reader = try await one.downgrade(writer, deadline: context.soon)
                try context.check(reader.token == writer.token, "\(writer.token) became \(reader.token)")
                try context.check(reader.mode == .shared, "the mode is \(reader.mode)")
                let other = try await waiting
                try context.check(!(try await context.isFree("a", on: two)), "a writer came in beside readers")
                try await context.checkRenewed([reader], on: one)
                try await context.release(reader, on: one)
                try context.check(!(try await context.isFree("a", on: one)), "the release freed another's read lock")
                try await context.release(other, on: two)
                try context.check(try await context.isFree("a", on: one), "the lock is not free")
                _ = try await context.expect(.notHeld) { try await one.downgrade(reader, deadline: context.soon) }
            }
        },
    ]

    static let semaphoreCases: [ConformanceCase] = [
        ConformanceCase(
            "semaphore/never-more-than-its-permits",
            "Permits are counted: never more are out than there are, and all of them can be",
            covers: ["S1"], kinds: [.semaphore], needs: [.permits]
        ) { context in
            let detector = OverlapDetector()
            try await context.withTwoBackends { one, two in
                try await context.contend(on: [one, two], tasks: 9, rounds: 15, detector) {
                    try context.request("s", mode: .permits(count: Int.random(in: 1...3), limit: 4))
                }
                var grants: [Grant] = []
                for number in 0..<4 {
                    let request = try context.request("s", mode: .permits(count: 1, limit: 4), wait: .never)
                    grants.append(try await context.grant(request, on: number.isMultiple(of: 2) ? one : two))
                    detector.enter(grants[number])
                }
                let fifth = try context.request("s", mode: .permits(count: 1, limit: 4))
                try context.check(!(try await context.isFree(fifth, on: one)), "a fifth permit of four was given out")
                try await context.release(grants[0], on: one)
                try context.check(try await context.isFree(fifth, on: two), "a permit given back is not to be had")
                try context.checkRising(grants.map(\.token))
            }
            try context.check(detector.violations.isEmpty, detector.violations.joined(separator: "; "))
            try context.check(detector.mostPermits == 4, "at most \(detector.mostPermits) permits were out together")
        },
        ConformanceCase(
            "semaphore/head-blocks",
            "A request for many permits that waits is not overtaken by small ones behind it",
            covers: ["S9", "L4", "RULES 14"], kinds: [.semaphore, .fair], needs: [.permits, .fair, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                func permits(_ count: Int) throws -> LockRequest {
                    try context.request("s", mode: .permits(count: count, limit: 4), lease: .seconds(60))
                }
                let two4 = try await context.grant(try permits(2), on: one)
                let large = try permits(3)
                async let head = context.grant(large, on: two)
                try await context.waitForWaiters(1, of: "s", on: one)
                try context.check(
                    !(try await context.isFree(try permits(1), on: one)), "a small request overtook the head")
                try await context.release(two4, on: one)
                let granted = try await head
                try context.check(try await context.isFree(try permits(1), on: one), "the fourth permit is not free")
                try await context.release(granted, on: two)
            }
        },
        ConformanceCase(
            "semaphore/one-size",
            "A name in use has one kind and one size: another is refused, until the name is free",
            covers: ["RULES 30"], kinds: [.semaphore], needs: [.permits]
        ) { context in
            try await context.withTwoBackends { one, two in
                let four = try context.request(
                    "s", mode: .permits(count: 1, limit: 4), lease: .seconds(60), wait: .never)
                let five = try context.request("s", mode: .permits(count: 1, limit: 5), wait: .never)
                let plain = try context.request("s", wait: .never)
                let held = try await context.grant(four, on: one)
                for wrong in [five, plain] {
                    _ = try await context.expect(.kindMismatch) { try await two.acquire(wrong) }
                }
                try await context.release(held, on: one)
                let now = try await context.grant(plain, on: two)
                _ = try await context.expect(.kindMismatch) { try await one.acquire(five) }
                try await context.release(now, on: two)
            }
        },
    ]
}
