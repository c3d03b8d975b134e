import Lockstead
import Synchronization

extension ConformanceSuite {
    static let stripedCases: [ConformanceCase] = [
        ConformanceCase(
            "striped/one-key",
            "A key excludes the keys of its own stripe and no others, whoever asks",
            covers: ["S1"], kinds: [.striped]
        ) { context in
            try await context.withClient { one in
                try await context.withClient { two in
                    let (mine, theirs) = (try one.striped("s", stripes: 16), try two.striped("s", stripes: 16))
                    try await mine.withLock("a") { lease in
                        // No descendant of this body: it would be told that its ancestor holds the name.
                        try context.check(lease.name == mine.name(of: "foobar"), "two keys moved apart")
                    }
                    let held = try await one.acquire(mine.name(of: "a"), lease: .seconds(60))
                    let same = try await theirs.tryWithLock("foobar") { _ in true }
                    let other = try await theirs.tryWithLock("orders/42") { _ in true }
                    try context.check(same == nil, "a key of the same stripe was let in")
                    try context.check(other == true, "a key of another stripe was kept out")
                    try await held.release()
                    try context.check(try await theirs.tryWithLock("foobar") { _ in true } == true, "it stays closed")
                }
            }
        },
        ConformanceCase(
            "striped/several-keys",
            "Several keys are taken at once, those that share a stripe without waiting for each other, in any order without a circle",
            covers: ["R41"], kinds: [.striped, .severalNames]
        ) { context in
            try await context.withClient { one in
                try await context.withClient { two in
                    let keys = ["foobar", "orders/42", "a", "é", ""]
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for (client, keys) in [(one, keys), (two, keys.reversed())] {
                            let striped = try client.striped("s", stripes: 16)
                            for _ in 0..<10 {
                                group.addTask {
                                    try await striped.withLocks(keys) { lease in
                                        try context.check(lease.names.count == 3, "it took \(lease.names)")
                                    }
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                }
            }
        },
    ]

    static let electionCases: [ConformanceCase] = [
        ConformanceCase(
            "election/one-leads",
            "One of several candidates leads at a time, under terms that rise",
            covers: ["S1", "S2"], kinds: [.election]
        ) { context in
            try await context.withClient { one in
                try await context.withClient { two in
                    let (leading, terms) = (Noted(0), Noted<[FencingToken]>([]))
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in 0..<12 {
                            let election = try (number.isMultiple(of: 2) ? one : two).election("e")
                            group.addTask {
                                try await election.withLeadership(as: "\(number)", lease: .seconds(30)) { leadership in
                                    let isAlone = leading.change {
                                        $0 += 1
                                        return $0 == 1
                                    }
                                    try context.check(isAlone, "two lead")
                                    terms.change { $0.append(leadership.term) }
                                    await Task.yield()
                                    leading.change { $0 -= 1 }
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                    let all = terms.value
                    try context.check(all.count == 12, "\(all.count) terms")
                    try context.checkRising(all)
                }
            }
        },
        ConformanceCase(
            "election/observed",
            "Another client sees who leads, by value and term, from the first leader to the last, and never an older term after a newer one",
            covers: ["S2", "L3"], kinds: [.election, .watch], needs: [.inspect, .changes]
        ) { context in
            try await context.withClient { one in
                try await context.withClient { two in
                    let (election, observer) = (try one.election("e"), try two.election("e"))
                    let leaders = try await observer.observe()
                    let before = try await context.find("a value", in: leaders) { _ in true }
                    try context.check(before == nil, "somebody leads before the first")
                    var terms: [FencingToken] = []
                    for number in 0..<3 {
                        try await election.withLeadership(as: "\(number)", lease: .seconds(30)) { _ in
                            try await context.waitUntil("\(number) is seen to lead") {
                                try await observer.leader()?.value == "\(number)"
                            }
                        }
                        let seen = try await context.find("leader \(number)", in: leaders) { $0?.value == "\(number)" }
                        if let term = seen?.term { terms.append(term) }
                    }
                    try context.check(terms.count == 3, "terms \(terms)")
                    try context.checkRising(terms)
                    _ = try await context.find("the end of the last leader", in: leaders) { $0 == nil }
                    try context.check(try await observer.leader() == nil, "somebody leads after the last")
                }
            }
        },
        ConformanceCase(
            "election/resignation",
            "A leader that resigns has its body stopped and awaited before the next one leads",
            covers: ["RULES 17"], kinds: [.election]
        ) { context in
            try await context.withClient { one in
                try await context.withClient { two in
                    let hasEnded = Noted(false)
                    let next = try two.election("e")
                    let error = try await context.expect(.resigned) {
                        try await one.election("e").withLeadership(lease: .seconds(30)) { leadership in
                            defer { hasEnded.change { $0 = true } }
                            leadership.resign()
                            try await context.time.sleep(until: context.now.advanced(by: .seconds(60)))
                        }
                    }
                    try context.check(error.bodyFinished == false, "it says that the body finished")
                    try await next.withLeadership(lease: .seconds(30)) { _ in
                        try context.check(hasEnded.value, "the old leader was still at work")
                    }
                }
            }
        },
        ConformanceCase(
            "election/killed",
            "A leader whose process is killed is followed by the next candidate within its lease, and observers see both",
            covers: ["L1"], kinds: [.election, .processes], needs: [.betweenProcesses, .inspect, .changes]
        ) { context in
            try await context.withClient { client in
                let election = try client.election("e")
                let holder = try await context.store.spawnHolder(of: election.name, lease: context.lease)
                let leaders = try await election.observe()
                let first = try await context.find("a value", in: leaders) { _ in true }
                try context.check(first?.term == holder.token, "the first leader is not seen")
                async let term = election.withLeadership(as: "next") { $0.term }
                try await holder.kill()
                let killed = context.now
                let next = try await term
                let waited = killed.duration(to: context.now)
                try context.check(
                    waited <= context.lease / 0.99 + .seconds(1) + context.slack, "the next leader came \(waited) later"
                )
                try context.check(next > holder.token, "the term did not rise")
                let seen = try await context.find("the next leader", in: leaders) { $0?.term == next }
                try context.check(seen?.value == "next", "the next leader calls itself \(seen?.value ?? "nothing")")
            }
        },
    ]

    static let membershipCases: [ConformanceCase] = [
        ConformanceCase(
            "membership/join-and-leave",
            "Members are listed by id with what they say of themselves; an id that is taken is refused",
            covers: ["S1"], kinds: [.membership, .list], needs: [.list, .changes]
        ) { context in
            try await context.withClient { one in
                try await context.withClient { two in
                    let (mine, theirs) = (try one.membership("g"), try two.membership("g"))
                    let a = try await mine.join(as: "a", payload: "first", lease: .seconds(30))
                    let b = try await theirs.join(as: "b", payload: "second", lease: .seconds(30))
                    let members = try await mine.members()
                    try context.check(members.map(\.id) == ["a", "b"], "members \(members)")
                    try context.check(members.map(\.payload) == ["first", "second"], "members \(members)")
                    _ = try await context.expect(.memberExists) { _ = try await theirs.join(as: "a") }
                    try await a.leave()
                    try context.check(try await theirs.members().map(\.id) == ["b"], "a member did not leave")
                    let again = try await theirs.join(as: "a", lease: .seconds(30))
                    try context.check(again.token > a.token, "the token did not rise")
                    try await again.leave()
                    try await b.leave()
                }
            }
        },
        ConformanceCase(
            "membership/observed",
            "Another client sees members come and go",
            covers: ["L3"], kinds: [.membership, .watch], needs: [.list, .changes]
        ) { context in
            try await context.withClient { one in
                try await context.withClient { two in
                    let (mine, theirs) = (try one.membership("g"), try two.membership("g"))
                    let groups = try await theirs.observe()
                    let before = try await context.find("a value", in: groups) { _ in true }
                    try context.check(before.isEmpty, "somebody is there before the first")
                    var held: [HeldMembership] = []
                    for id in ["a", "b", "c"] { held.append(try await mine.join(as: id, lease: .seconds(30))) }
                    _ = try await context.find("all members", in: groups) { $0.map(\.id) == ["a", "b", "c"] }
                    for member in held { try await member.leave() }
                    _ = try await context.find("no members", in: groups, where: \.isEmpty)
                }
            }
        },
        ConformanceCase(
            "membership/killed",
            "A member whose process is killed disappears after its lease, and its id is free",
            covers: ["L1"], kinds: [.membership, .processes], needs: [.betweenProcesses, .list, .changes]
        ) { context in
            try await context.withClient { client in
                let group = try client.membership("g")
                let holder = try await context.store.spawnHolder(of: try LockName("g/a"), lease: context.lease)
                let groups = try await group.observe()
                let first = try await context.find("a value", in: groups) { _ in true }
                try context.check(first.map(\.id) == ["a"], "the member is not seen")
                try await holder.kill()
                let killed = context.now
                _ = try await context.find("no members", in: groups, where: \.isEmpty)
                let waited = killed.duration(to: context.now)
                try context.check(
                    waited <= context.lease / 0.99 + .seconds(1) + context.slack, "it disappeared \(waited) later")
                let again = try await group.join(as: "a")
                try context.check(again.token > holder.token, "the token did not rise")
                try await again.leave()
            }
        },
    ]

    static let holdingCases: [ConformanceCase] = [
        ConformanceCase(
            "progress/stalls",
            "A body that reports no progress within its bound is stopped, and its lock is free within the bound and a lease",
            covers: ["RULES 3"], kinds: [.progress]
        ) { context in
            try await context.withClient { one in
                try await context.withClient { two in
                    let bound = context.lease / 4
                    let (taken, start) = (Noted(false), context.now)
                    async let failure = context.expect(.leaseLost) {
                        try await one.withLock("a", lease: context.lease, terms: HoldTerms(progressWithin: bound)) {
                            _ in
                            taken.change { $0 = true }
                            try await context.time.sleep(until: context.now.advanced(by: .seconds(60)))
                        }
                    }
                    try await context.waitUntil("it is held") { taken.value }
                    try await two.withLock("a") { _ in }
                    let waited = start.duration(to: context.now)
                    try context.check(
                        waited <= bound + context.lease / 0.99 + .seconds(1) + context.slack,
                        "the lock was free after \(waited)")
                    try context.check(try await failure.bodyFinished == false, "it says that the body finished")
                }
            }
        },
        ConformanceCase(
            "progress/reported",
            "A body that reports progress keeps its lock for longer than bound and lease",
            covers: ["RULES 3"], kinds: [.progress]
        ) { context in
            try await context.withClient { client in
                let bound = context.lease / 2
                try await client.withLock("a", lease: context.lease, terms: HoldTerms(progressWithin: bound)) { lease in
                    let end = context.now.advanced(by: context.lease * 2)
                    while context.now < end {
                        try await context.time.sleep(until: context.now.advanced(by: context.lease / 20))
                        lease.reportProgress()
                    }
                    try context.check(lease.isHeld, "it is \(lease.state)")
                }
            }
        },
        ConformanceCase(
            "spinning/takes",
            "A caller that spins takes a lock that becomes free meanwhile, and queues where it does not",
            covers: ["L3"], kinds: [.spinning]
        ) { context in
            try await context.withClient { one in
                try await context.withClient { two in
                    for spinning in [Duration.seconds(1), .milliseconds(1)] {
                        let held = try await one.acquire("a", lease: .seconds(30))
                        async let token = two.withLock("a", spinning: spinning) { $0.token }
                        try await context.time.sleep(until: context.now.advanced(by: .milliseconds(20)))
                        try await held.release()
                        try context.check(try await token > held.lease.token, "the token did not rise")
                    }
                }
            }
        },
    ]
}

/// A value that several tasks of a case change.
private final class Noted<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value { state.withLock { $0 } }
    @discardableResult
    func change<R: Sendable>(_ body: (inout Value) -> R) -> R { state.withLock { body(&$0) } }
}

extension ConformanceContext {
    /// The first value of a stream that is so.
    fileprivate func find<Value: Sendable>(
        _ what: String, in values: AsyncThrowingStream<Value, any Error>, _ place: Place = Place(),
        where isIt: (Value) -> Bool
    ) async throws -> Value {
        // Leaving the loop does not end the stream: its owner still has it.
        for try await value in values where isIt(value) { return value }
        throw ConformanceFailure("the stream ended before \(what)", place)
    }
}
