import Lockstead

extension ConformanceSuite {
    static let leaseCases: [ConformanceCase] = [
        ConformanceCase(
            "lease/runs-out",
            "A grant that nobody renews ends with its lease, not before it; where nothing runs out it stays, renewed or not",
            covers: ["L1", "S3", "R30"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                let asked = context.now
                let held = try await context.grant(try context.request("a"), on: one)
                let granted = context.now
                guard context.leasesRunOut else { return try await context.checkStays(held, one, two) }
                let next = try await context.grant(try context.request("a"), on: two)
                let wait = asked.duration(to: context.now)
                try context.check(
                    wait >= context.lease, "the next grant came \(wait) after a lease of \(context.lease)")
                let late = granted.advanced(by: context.lease / 0.99).duration(to: context.now)
                try context.check(late <= .seconds(1) + context.slack, "the next grant came \(late) too late")
                try context.check(next.token > held.token, "the token did not rise")
                try await context.checkLost(held, on: one)
                let outcome = try await one.release(held, deadline: context.soon)
                guard case .lost = outcome else { throw ConformanceFailure("the release said \(outcome)", Place()) }
                try await context.release(next, on: two)
            }
        },
        ConformanceCase(
            "lease/is-renewed",
            "A grant that is renewed outlives its lease, under the same token",
            covers: ["S3", "R11", "R46"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.grant(try context.request("a"), on: one)
                let end = context.now.advanced(by: context.lease * 3 / 2)
                while context.now < end {
                    try await context.checkRenewed([held], on: one)
                    try context.check(!(try await context.isFree("a", on: two)), "the lock was free while renewed")
                    try await context.time.sleep(until: context.now.advanced(by: context.lease / 4))
                }
                try await context.release(held, on: one)
            }
        },
        ConformanceCase(
            "lease/validity",
            "A grant says from when its validity counts: never from later than the engine armed it",
            covers: ["S5", "RULES 1", "RULES 2"], kinds: [.exclusive]
        ) { context in
            try await context.withBackend { backend in
                let before = context.now
                let held = try await context.grant(try context.request("a"), on: backend)
                switch held.validity {
                case .unlimited:
                    try context.check(!context.leasesRunOut, "a lease that runs out is said to be unlimited")
                case .armed(let start, let length):
                    try context.check(length <= context.lease, "\(length) is more than the lease of \(context.lease)")
                    try context.check(start <= context.now, "it is armed in the future")
                    try context.check(before <= start || length <= context.lease, "it is armed before it was asked for")
                case .unconfirmed: try await context.checkRenewed([held], on: backend)
                }
                try await context.release(held, on: backend)
            }
        },
        ConformanceCase(
            "lease/many-at-once",
            "Hundreds of grants are renewed in one call, each answered in its place, and a lost one does not harm the others",
            covers: ["R11", "R13"], kinds: [.exclusive]
        ) { context in
            try await context.withBackend { backend in
                var grants: [Grant] = []
                for number in 0..<300 { grants.append(try await context.hold("many/\(number)", on: backend)) }
                try await context.checkRenewed(grants, on: backend)
                let gone = grants[150]
                try await context.release(gone, on: backend)
                let outcomes = await backend.renew(grants, deadline: context.soon)
                for (place, outcome) in outcomes.enumerated() {
                    let isRenewed = if case .renewed = outcome { true } else { false }
                    try context.check(isRenewed == (place != 150), "grant \(place) is \(outcome)")
                }
                for grant in grants where grant.token != gone.token { try await context.release(grant, on: backend) }
            }
        },
        ConformanceCase(
            "lease/dead-reader",
            "A reader that is renewed does not keep a dead reader alive",
            covers: ["R12"], kinds: [.shared], needs: [.shared, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let dead = try await context.grant(try context.request("a", mode: .shared), on: one)
                let alive = try await context.grant(
                    try context.request("a", mode: .shared, lease: .seconds(60)), on: two)
                guard context.leasesRunOut else {
                    try await context.checkRenewed([dead], on: one)
                    try await context.release(dead, on: one)
                    return try await context.release(alive, on: two)
                }
                try await context.waitUntil("the dead reader is gone") {
                    try await context.checkRenewed([alive], on: two)
                    let holders = try await two.inspect(alive.names[0], deadline: context.soon)?.holders ?? []
                    return holders.map(\.token) == [alive.token]
                }
                try await context.release(alive, on: two)
            }
        },
    ]
}

extension ConformanceContext {
    /// Nothing ends it: not twice the lease without a word.
    func checkStays(_ held: Grant, _ one: any LockBackend, _ two: any LockBackend) async throws {
        let deadline = now.advanced(by: lease * 2)
        guard case .busy = try await two.acquire(try request("a", wait: .until(deadline))) else {
            throw ConformanceFailure("a grant that cannot run out ran out", Place())
        }
        try await checkRenewed([held], on: one)
        try await release(held, on: one)
    }
}
