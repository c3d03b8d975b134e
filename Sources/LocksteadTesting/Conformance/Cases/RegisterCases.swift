import Lockstead

extension ConformanceSuite {
    static let registerCases: [ConformanceCase] = [
        ConformanceCase(
            "register/content",
            "A register holds what was stored last, for every client, with its token, until it is removed",
            covers: ["S8"], kinds: [.register], needs: [.registers]
        ) { context in
            try await context.withTwoBackends { one, two in
                let name = try LockName("r")
                let empty = try await two.load(name, deadline: context.soon)
                try context.check(empty.value == nil && empty.revision == .vacant, "an unused register holds \(empty)")
                let held = try await context.hold("r", on: one)
                let longest = [UInt8](repeating: 7, count: Register.maximumByteCount)
                for value in [[], [1], longest] as [[UInt8]] {
                    try await context.store(.value(value), under: held, on: one)
                    let register = try await two.load(name, deadline: context.soon)
                    try context.check(register.value == value, "it holds \(register.value?.count ?? -1) bytes")
                    try context.check(register.token == held.token && register.writer == held.token, "\(register)")
                }
                let tooLong = RegisterWrite(.value(longest + [7]), in: name, under: held.token)
                try await context.expect(.limitExceeded) { try await one.store(tooLong, deadline: context.soon) }
                try await context.release(held, on: one)
                let kept = try await two.load(name, deadline: context.soon)
                try context.check(kept.value == longest, "the release of the lock took the value along")
                let next = try await context.hold("r", on: two)
                try await context.store(.nothing, under: next, on: two)
                let gone = try await one.load(name, deadline: context.soon)
                try context.check(gone.value == nil && gone.revision == .vacant, "a removal left \(gone)")
                try await context.release(next, on: two)
            }
        },
        ConformanceCase(
            "register/stale-token",
            "A register takes nothing under a token older than one it has seen, be it stored or only noted",
            covers: ["S6", "RULES 8"], kinds: [.register], needs: [.registers]
        ) { context in
            try await context.withTwoBackends { one, two in
                let (old, new) = try await context.successors("r", one, two)
                try await context.store(.unchanged, under: new, on: two)
                try await context.checkStale(old, newest: new, on: one)
                try await context.store(.value([1]), under: new, on: two)
                try await context.checkStale(old, newest: new, on: one)
                let register = try await one.load(new.names[0], deadline: context.soon)
                try context.check(register.value == [1], "a stale store left \(register)")
                try await context.release(new, on: two)
                try await context.checkStale(old, newest: new, on: one)
            }
        },
        ConformanceCase(
            "register/removal", "A removal opens a register to no older token, not even long after",
            covers: ["S6", "RULES 8"], kinds: [.register], needs: [.registers]
        ) { context in
            try await context.withTwoBackends { one, two in
                let (old, new) = try await context.successors("r", one, two)
                try await context.store(.value([1]), under: new, on: two)
                try await context.store(.nothing, under: new, on: two)
                try await context.release(new, on: two)
                try await context.checkStale(old, newest: new, on: one)
                let last = try await context.hold("r", on: one)
                try await context.store(.value([2]), under: last, on: one)
                try await context.release(last, on: one)
            }
        },
        ConformanceCase(
            "register/lost-lease", "A holder whose lease ran out stores until a newer token is seen, and not after",
            covers: ["S6", "RULES 8"], kinds: [.register], needs: [.registers, .betweenProcesses]
        ) { context in
            try await context.withTwoBackends { one, two in
                let request = try context.request("r", wait: .never)
                let old = try await context.grant(request, on: one)
                let new = try await context.grant(try context.request("r", lease: .seconds(60)), on: two)
                try await context.store(.value([1]), under: old, on: one)
                try await context.store(.value([2]), under: new, on: two)
                try await context.checkStale(old, newest: new, on: one)
                try await context.release(new, on: two)
            }
        },
        ConformanceCase(
            "register/revision",
            "A store that rests on a revision changes nothing where there is another, and a repetition is told that it is done",
            covers: ["S7"], kinds: [.register], needs: [.registers]
        ) { context in
            try await context.withBackend { backend in
                let held = try await context.hold("r", on: backend)
                let first = RegisterWrite(.value([1]), in: held.names[0], under: held.token, after: .vacant)
                let told = try await backend.store(first, deadline: context.soon)
                let again = try await backend.store(first, deadline: context.soon)
                guard case .stored(let register) = told, case .stored(let repeated) = again else {
                    throw ConformanceFailure("a store and its repetition were told \(told), \(again)", Place())
                }
                try context.check(repeated.revision == register.revision, "a repetition was a change")
                let second = RegisterWrite(.value([2]), in: held.names[0], under: held.token, after: register.revision)
                guard case .stored(let later) = try await backend.store(second, deadline: context.soon) else {
                    throw ConformanceFailure("a store after the present revision was refused", Place())
                }
                try context.check(later.revision > register.revision, "the revision did not rise")
                guard case .changed(let present) = try await backend.store(first, deadline: context.soon) else {
                    throw ConformanceFailure("a late duplicate was stored", Place())
                }
                try context.check(present.value == [2], "a late duplicate left \(present)")
                try await context.release(held, on: backend)
            }
        },
        ConformanceCase(
            "register/kept-for", "A value that is kept for a time ends by itself, and whoever watches is told",
            covers: ["S8"], kinds: [.register], needs: [.registers, .changes]
        ) { context in
            try await context.withTwoBackends { one, two in
                let changes = ChangeLog(two.changes(prefix: "r"))
                // What is read after the watch is read after its beginning.
                _ = try await two.load(try LockName("r"), deadline: context.soon)
                let held = try await context.hold("r", on: one)
                let asked = context.now
                try await context.store(.value([1], keptFor: .milliseconds(300)), under: held, on: one)
                let stored = context.now
                let kept = try await two.load(held.names[0], deadline: context.soon)
                try context.check(kept.value == [1] || context.now >= asked.advanced(by: .milliseconds(300)), "\(kept)")
                try await context.release(held, on: one)
                let kinds = try await context.within(.seconds(20)) { try await changes.first(4) }.map(\.kind)
                try context.check(
                    kinds == [.granted, .registerChanged, .released, .registerChanged], "it told \(kinds)")
                let lasted = asked.duration(to: context.now)
                try context.check(lasted >= .milliseconds(300), "it ended after \(lasted)")
                let waited = stored.duration(to: context.now)
                try context.check(waited <= .milliseconds(1_300) + context.slack, "it ended after \(waited)")
                let gone = try await one.load(held.names[0], deadline: context.soon)
                try context.check(gone.value == nil, "it still holds \(gone)")
            }
        },
        ConformanceCase(
            "register/watch", "Whoever watches, and loads then, misses no change of a register",
            covers: ["L3", "RULES 20"], kinds: [.register], needs: [.registers, .changes]
        ) { context in
            try await context.withTwoBackends { one, two in
                let changes = ChangeLog(two.changes(prefix: "r"))
                // What is read after the watch is read after its beginning.
                _ = try await two.load(try LockName("r"), deadline: context.soon)
                let held = try await context.hold("r", on: one)
                try await context.store(.value([1]), under: held, on: one)
                try await context.store(.unchanged, under: held, on: one)
                try await context.store(.nothing, under: held, on: one)
                try await context.release(held, on: one)
                let told = try await context.within(.seconds(20)) { try await changes.first(4) }
                let kinds = told.map(\.kind)
                try context.check(
                    kinds == [.granted, .registerChanged, .registerChanged, .released], "it told \(kinds)")
                try context.check(told[1].token == held.token && told[1].owner == held.owner, "it told \(told[1])")
            }
        },
        ConformanceCase(
            "register/one-name",
            "Counting up under the lock loses nothing: every change rests on the one before",
            covers: ["S1", "S6"], kinds: [.register], needs: [.registers]
        ) { context in
            try await context.withTwoBackends { one, two in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<6 {
                        group.addTask {
                            for _ in 0..<5 { try await context.countUp("r", on: task % 2 == 0 ? one : two) }
                        }
                    }
                    try await group.waitForAll()
                }
                let register = try await one.load(try LockName("r"), deadline: context.soon)
                try context.check(register.value == [30], "30 counts gave \(register.value ?? [])")
            }
        },
    ]
}

extension ConformanceContext {
    /// A write that must be taken.
    func store(
        _ content: RegisterWrite.Content, under grant: Grant, on backend: any LockBackend, _ place: Place = Place()
    ) async throws {
        let write = RegisterWrite(content, in: grant.names[0], under: grant.token)
        let outcome = try await backend.store(write, deadline: soon)
        guard case .stored = outcome else { throw ConformanceFailure("a store was told \(outcome)", place) }
    }

    /// A released grant of a name, and a live one after it.
    fileprivate func successors(
        _ name: String, _ one: any LockBackend, _ two: any LockBackend
    ) async throws -> (Grant, Grant) {
        let old = try await hold(name, on: one)
        try await release(old, on: one)
        return (old, try await hold(name, on: two))
    }

    fileprivate func checkStale(
        _ old: Grant, newest: Grant, on backend: any LockBackend, _ place: Place = Place()
    ) async throws {
        for content in [.value([9]), .nothing, .unchanged] as [RegisterWrite.Content] {
            let write = RegisterWrite(content, in: old.names[0], under: old.token)
            let outcome = try await backend.store(write, deadline: soon)
            guard case .stale(let seen) = outcome, seen >= newest.token else {
                throw ConformanceFailure("a stale store of \(content) was told \(outcome)", place)
            }
        }
    }

    fileprivate func countUp(_ name: String, on backend: any LockBackend) async throws {
        let held = try await grant(try request(name, lease: .seconds(60)), on: backend)
        let register = try await backend.load(held.names[0], deadline: soon)
        let write = RegisterWrite(
            .value([(register.value?.first ?? 0) + 1]), in: held.names[0], under: held.token, after: register.revision)
        let outcome = try await backend.store(write, deadline: soon)
        guard case .stored = outcome else { throw ConformanceFailure("a count was told \(outcome)", Place()) }
        try await release(held, on: backend)
    }
}
