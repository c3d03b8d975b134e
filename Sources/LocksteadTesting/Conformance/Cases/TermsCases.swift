import Lockstead

extension ConformanceSuite {
    static let termsCases: [ConformanceCase] = [
        ConformanceCase(
            "lock-delay/after-an-end",
            "After a grant that ended by itself the lock stays closed for the lock-delay, and not much longer",
            covers: ["S10", "L1"], kinds: [.lockDelay, .maximumHold], needs: [.lockDelay, .maximumHold]
        ) { context in
            try await context.withTwoBackends { one, two in
                let (hold, delay) = (Duration.milliseconds(200), Duration.milliseconds(400))
                let terms = HoldTerms(lockDelay: delay, maximumHold: hold)
                let asked = context.now
                let held = try await context.grant(try context.request("a", lease: .seconds(60), terms: terms), on: one)
                let granted = context.now
                let next = try await context.grant(try context.request("a", lease: .seconds(60)), on: two)
                let waited = asked.duration(to: context.now)
                try context.check(waited >= hold + delay, "the next grant came after \(waited)")
                let late = granted.advanced(by: hold + delay).duration(to: context.now)
                try context.check(late <= .seconds(1) + context.slack, "the next grant came \(late) too late")
                try context.check(next.token > held.token, "the token did not rise")
                try await context.release(next, on: two)
            }
        },
        ConformanceCase(
            "lock-delay/not-after-a-release",
            "After a clean release there is no lock-delay",
            covers: ["S10"], kinds: [.lockDelay], needs: [.lockDelay]
        ) { context in
            try await context.withTwoBackends { one, two in
                let terms = HoldTerms(lockDelay: .seconds(30))
                let held = try await context.grant(try context.request("a", lease: .seconds(60), terms: terms), on: one)
                try await context.release(held, on: one)
                try context.check(try await context.isFree("a", on: two), "a clean release closed the lock")
            }
        },
        ConformanceCase(
            "lock-delay/after-a-forced-release",
            "After a forced release the lock-delay applies, though the holder acknowledged",
            covers: ["S10", "RULES 19"], kinds: [.lockDelay, .forcedRelease],
            needs: [.lockDelay, .forceRelease, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let terms = HoldTerms(lockDelay: .milliseconds(400))
                let held = try await context.grant(try context.request("a", lease: .seconds(60), terms: terms), on: one)
                _ = try await two.forceRelease(held.names[0], reason: "r", now: false, deadline: context.soon)
                let asked = context.now
                _ = try await one.release(held, deadline: context.soon)
                let closed = try await two.inspect(held.names[0], deadline: context.soon)
                try context.check(
                    closed?.holders.map(\.phase) == [.lockDelay], "the lock is \(String(describing: closed))")
                let next = try await context.grant(try context.request("a", lease: .seconds(60)), on: two)
                let waited = asked.duration(to: context.now)
                try context.check(waited >= .milliseconds(400), "the next grant came after \(waited)")
                try await context.release(next, on: two)
            }
        },
        ConformanceCase(
            "minimum-hold/early-release",
            "A lock with a minimum hold that is released early stays closed until the minimum is over",
            covers: ["L3"], kinds: [.minimumHold], needs: [.minimumHold, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let minimum = Duration.milliseconds(500)
                let terms = HoldTerms(minimumHold: minimum)
                let asked = context.now
                let held = try await context.grant(try context.request("a", lease: .seconds(60), terms: terms), on: one)
                let granted = context.now
                try await context.release(held, on: one)
                let closed = try await two.inspect(held.names[0], deadline: context.soon)
                try context.check(
                    closed?.holders.map(\.phase) == [.minimumHold], "the lock is \(String(describing: closed))")
                let next = try await context.grant(try context.request("a", lease: .seconds(60)), on: two)
                let waited = asked.duration(to: context.now)
                try context.check(waited >= minimum, "the next grant came after \(waited)")
                let late = granted.advanced(by: minimum).duration(to: context.now)
                try context.check(late <= .seconds(1) + context.slack, "the next grant came \(late) too late")
                try await context.release(next, on: two)
            }
        },
        ConformanceCase(
            "maximum-hold/ends-it",
            "The cap on the total hold ends a grant that is renewed all the time, and its holder is told why",
            covers: ["R16", "R21"], kinds: [.maximumHold], needs: [.maximumHold]
        ) { context in
            try await context.withTwoBackends { one, two in
                let notices = one.notices()
                let terms = HoldTerms(maximumHold: .milliseconds(600))
                let asked = context.now
                let held = try await context.grant(try context.request("a", terms: terms), on: one)
                guard let limit = held.holdLimit else { throw ConformanceFailure("the grant names no limit", Place()) }
                try context.check(
                    limit >= asked.advanced(by: .milliseconds(600))
                        && limit <= context.now.advanced(by: .milliseconds(600)),
                    "the limit is \(asked.duration(to: limit)) after the request")
                try await context.checkRenewed([held], on: one)
                let next = try await context.grant(try context.request("a", lease: .seconds(60)), on: two)
                try context.check(context.now >= limit, "it ended before its limit")
                let reason = try await context.within(.seconds(5)) { await context.loss(of: held, in: notices) }
                try context.check(reason == .holdLimit, "its holder was told \(String(describing: reason))")
                try await context.checkLost(held, on: one)
                let outcome = try await one.release(held, deadline: context.soon)
                guard case .lost = outcome else { throw ConformanceFailure("the release said \(outcome)", Place()) }
                try await context.release(next, on: two)
            }
        },
    ]

    static let forcedReleaseCases: [ConformanceCase] = [
        ConformanceCase(
            "forced-release/acknowledged",
            "A forced release tells the holder why; the next grant waits for its acknowledgement, and comes at once after it",
            covers: ["L3", "RULES 19"], kinds: [.forcedRelease], needs: [.forceRelease, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let (notices, told) = (one.notices(), Watched<[BackendNotice]>([]))
                async let reading: Void = { for await notice in notices { told.update { $0.append(notice) } } }()
                let held = try await context.hold("a", on: one)
                let early = told.value.count
                let forced = try await two.forceRelease(
                    held.names[0], reason: "it hangs", now: false, deadline: context.soon)
                try context.check(forced.revoked == [held.token], "it revoked \(forced.revoked)")
                try context.check(!forced.waivedExclusion, "it says that it waived exclusion")
                try context.check(forced.waitsAtMost <= .seconds(60), "it waits \(forced.waitsAtMost) at most")
                let reason = try await context.within(.seconds(10)) {
                    await context.loss(of: held, told, after: early, on: one)
                }
                try context.check(reason == .revoked("it hangs"), "its holder was told \(String(describing: reason))")
                let request = try context.request("a", lease: .seconds(60))
                async let waiting = context.grant(request, on: two)
                try await context.waitForWaiters(1, of: "a", on: two)
                let view = try await two.inspect(held.names[0], deadline: context.soon)
                try context.check(view?.holders.map(\.phase) == [.revoked], "the lock is \(String(describing: view))")
                let acknowledged = context.now
                _ = try await one.release(held, deadline: context.soon)
                let next = try await waiting
                let waited = acknowledged.duration(to: context.now)
                try context.check(waited <= .seconds(1) + context.slack, "the next grant came \(waited) later")
                try context.check(next.token > held.token, "the token did not rise")
                try await context.release(next, on: two)
            }
        },
        ConformanceCase(
            "forced-release/unacknowledged",
            "A holder that does not acknowledge delays the next grant by its lease at most",
            covers: ["L1", "RULES 19"], kinds: [.forcedRelease], needs: [.forceRelease]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.grant(try context.request("a"), on: one)
                let forced = try await two.forceRelease(held.names[0], reason: "r", now: false, deadline: context.soon)
                let start = context.now
                let bound = context.lease / 0.99 + .milliseconds(100)
                try context.check(forced.waitsAtMost <= bound, "it waits \(forced.waitsAtMost) at most")
                let next = try await context.grant(try context.request("a", lease: .seconds(60)), on: two)
                let waited = start.duration(to: context.now)
                try context.check(
                    waited <= forced.waitsAtMost + .seconds(1) + context.slack, "the next grant came \(waited) later")
                try context.check(next.token > held.token, "the token did not rise")
                let late = try await one.release(held, deadline: context.soon)
                try context.check(late != .released, "a revoked grant was released after its end")
                try context.check(!(try await context.isFree("a", on: one)), "the late release freed the next grant")
                try await context.release(next, on: two)
            }
        },
        ConformanceCase(
            "forced-release/now",
            "A forced release with now frees the lock at once, and says that it waived exclusion",
            covers: ["S2", "R17", "RULES 19"], kinds: [.forcedRelease], needs: [.forceRelease]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("a", on: one)
                let forced = try await two.forceRelease(held.names[0], reason: "r", now: true, deadline: context.soon)
                try context.check(forced.revoked == [held.token], "it revoked \(forced.revoked)")
                try context.check(forced.waivedExclusion && forced.waitsAtMost == .zero, "it says \(forced)")
                let next = try await context.grant(try context.request("a", lease: .seconds(60), wait: .never), on: two)
                try context.check(next.token > held.token, "the token did not rise")
                try await context.checkLost(held, on: one)
                let late = try await one.release(held, deadline: context.soon)
                try context.check(late != .released, "the revoked grant was released")
                try context.check(!(try await context.isFree("a", on: one)), "the late release freed the next grant")
                try await context.release(next, on: two)
            }
        },
        ConformanceCase(
            "forced-release/every-holder",
            "A forced release revokes all readers at once, and of a free lock nobody",
            covers: ["RULES 19"], kinds: [.forcedRelease, .shared], needs: [.forceRelease, .shared]
        ) { context in
            try await context.withTwoBackends { one, two in
                let readers = [
                    try await context.grant(try context.request("a", mode: .shared, lease: .seconds(60)), on: one),
                    try await context.grant(try context.request("a", mode: .shared, lease: .seconds(60)), on: two),
                ]
                let forced = try await two.forceRelease(
                    readers[0].names[0], reason: "r", now: true, deadline: context.soon)
                try context.check(Set(forced.revoked) == Set(readers.map(\.token)), "it revoked \(forced.revoked)")
                try context.check(try await context.isFree("a", on: one), "a reader is left")
                let nobody = try await two.forceRelease(
                    readers[0].names[0], reason: "r", now: true, deadline: context.soon)
                try context.check(nobody.revoked.isEmpty && !nobody.waivedExclusion, "of a free lock it says \(nobody)")
            }
        },
    ]
}

extension ConformanceContext {
    /// What the engine says about the end of a grant by itself; `nil` where it falls silent.
    func loss(of grant: Grant, in notices: AsyncStream<BackendNotice>) async -> LossReason? {
        for await notice in notices {
            if case .lost(grant.request, let reason) = notice { return reason }
        }
        return nil
    }

    /// What the engine says about the end of a grant, by itself or, where it asks for a renewal since then, by that.
    ///
    /// - Parameters:
    ///   - grant: Which one.
    ///   - told: All that the engine has told.
    ///   - early: So much of it was told before anything could have ended the grant.
    ///   - backend: The engine.
    /// - Returns: The reason; `nil` where the task was cancelled.
    func loss(
        of grant: Grant, _ told: Watched<[BackendNotice]>, after early: Int, on backend: any LockBackend
    ) async -> LossReason? {
        var seen = 0
        while !Task.isCancelled {
            let known = seen
            await told.until { $0.count > known }
            for notice in told.value.dropFirst(known) {
                seen += 1
                switch notice {
                case .lost(grant.request, let reason): return reason
                case .lost: continue
                case .suspect, .unheard:
                    guard seen > early else { continue }
                    if case .lost(let reason)? = await backend.renew([grant], deadline: soon).first { return reason }
                }
            }
        }
        return nil
    }
}
