import Lockstead

extension ConformanceSuite {
    static let minimumHoldCases: [ConformanceCase] = [
        ConformanceCase(
            "minimum-hold/a-full-hold",
            "A lock that was held for longer than its minimum is free at once when it is released",
            covers: ["L3"], kinds: [.minimumHold], needs: [.minimumHold]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.grant(try context.minimumHold(.milliseconds(50)), on: one)
                let over = context.now.advanced(by: .milliseconds(50))
                try await context.time.sleep(until: over)
                try await context.release(held, on: one)
                try context.check(try await context.isFree("a", on: two), "it stays closed beyond its minimum")
            }
        },
        ConformanceCase(
            "minimum-hold/withdrawn",
            "A grant that is withdrawn by its request's id keeps its minimum hold like one that is released",
            covers: ["L3"], kinds: [.minimumHold], needs: [.minimumHold]
        ) { context in
            try await context.checkMinimumHold { request, grant, backend in
                try await backend.cancel(request, deadline: context.soon)
            }
        },
        ConformanceCase(
            "minimum-hold/forced-release",
            "An acknowledged forced release does not shorten the minimum hold; one with now does",
            covers: ["RULES 19"], kinds: [.minimumHold, .forcedRelease], needs: [.minimumHold, .forceRelease]
        ) { context in
            try await context.checkMinimumHold { request, grant, backend in
                _ = try await backend.forceRelease(grant.names[0], reason: "r", now: false, deadline: context.soon)
                _ = try await backend.release(grant, deadline: context.soon)
            }
            try await context.withTwoBackends { one, two in
                var request = try context.minimumHold(.seconds(60))
                request.names = [try LockName("b")]
                let held = try await context.grant(request, on: one)
                _ = try await two.forceRelease(held.names[0], reason: "r", now: true, deadline: context.soon)
                try context.check(try await context.isFree("b", on: two), "an operator could not open it")
            }
        },
        ConformanceCase(
            "minimum-hold/downgrade",
            "A grant that became a shared one keeps its minimum hold: no writer gets in before, readers do",
            covers: ["S1"], kinds: [.minimumHold, .downgrade], needs: [.minimumHold, .downgrade, .shared]
        ) { context in
            try await context.checkMinimumHold { request, grant, backend in
                let shared = try await backend.downgrade(grant, deadline: context.soon)
                let reader = try context.request("a", mode: .shared, lease: .seconds(60), wait: .never)
                try context.check(try await context.isFree(reader, on: backend), "a reader is kept out")
                try await context.release(shared, on: backend)
            }
        },
        ConformanceCase(
            "minimum-hold/hold-limit",
            "A grant that its cap ended keeps its minimum hold only as long as that is",
            covers: ["R16"], kinds: [.minimumHold, .maximumHold], needs: [.minimumHold, .maximumHold]
        ) { context in
            try await context.withTwoBackends { one, two in
                let terms = HoldTerms(minimumHold: .milliseconds(400), maximumHold: .milliseconds(400))
                let asked = context.now
                _ = try await context.grant(try context.request("a", lease: .seconds(60), terms: terms), on: one)
                let next = try await context.grant(try context.request("a", lease: .seconds(60)), on: two)
                let waited = asked.duration(to: context.now)
                try context.check(waited >= .milliseconds(400), "the next grant came after \(waited)")
                try context.check(waited <= .milliseconds(1_400) + context.slack, "it stayed closed for \(waited)")
                try await context.release(next, on: two)
            }
        },
        ConformanceCase(
            "minimum-hold/hand-over",
            "A lock is not handed over before its minimum hold is over",
            covers: ["RULES 9"], kinds: [.minimumHold, .handOver], needs: [.minimumHold, .handOver]
        ) { context in
            try await context.checkMinimumHold { request, grant, backend in
                let next = try context.request("a", lease: .seconds(10))
                let handed = try await backend.handOver(grant, to: next)
                try context.check(handed == nil, "it was handed over")
                try await context.release(grant, on: backend)
            }
        },
        ConformanceCase(
            "minimum-hold/killed",
            "A minimum hold outlives the process that asked for it",
            covers: ["L1"], kinds: [.minimumHold, .processes], needs: [.minimumHold, .betweenProcesses]
        ) { context in
            // Whoever dies is another client of this store: its end is that of its session.
            let minimum = context.lease * 2
            let asked = context.now
            let doomed = try await context.store.makeBackend()
            // The case owns it: cancelled and awaited right below.
            let running = Task { try await doomed.run() }
            let request = try context.request("a", lease: context.lease, terms: HoldTerms(minimumHold: minimum))
            _ = try await context.grant(request, on: doomed)
            running.cancel()
            // How it ended is of no interest: it is gone, and its lease with it.
            _ = await running.result
            try await context.withBackend { backend in
                let next = try await context.grant(try context.request("a", lease: .seconds(60)), on: backend)
                let waited = asked.duration(to: context.now)
                try context.check(waited >= minimum, "the next grant came after \(waited)")
                try await context.release(next, on: backend)
            }
        },
    ]
}

extension ConformanceContext {
    fileprivate func minimumHold(_ minimum: Duration) throws -> LockRequest {
        try request("a", lease: .seconds(60), terms: HoldTerms(minimumHold: minimum))
    }

    /// However a grant ends, the next one comes when its minimum hold is over, and soon after.
    fileprivate func checkMinimumHold(
        _ place: Place = Place(),
        endedBy end: @Sendable (LockRequest, Grant, any LockBackend) async throws -> Void
    ) async throws {
        try await withTwoBackends { one, two in
            let minimum = Duration.milliseconds(500)
            let request = try minimumHold(minimum)
            let asked = now
            let held = try await grant(request, on: one, place)
            let granted = now
            try await end(request, held, one)
            try check(!(try await isFree("a", on: two)) || asked.duration(to: now) >= minimum, "it opened early", place)
            let next = try await grant(try self.request("a", lease: .seconds(60)), on: two, place)
            let waited = asked.duration(to: now)
            try check(waited >= minimum, "the next grant came after \(waited)", place)
            let late = granted.advanced(by: minimum).duration(to: now)
            try check(late <= .seconds(1) + slack, "the next grant came \(late) too late", place)
            try await release(next, on: two, place)
        }
    }
}
