import Lockstead

extension ConformanceSuite {
    static let watchingCases: [ConformanceCase] = [
        ConformanceCase(
            "inspect/content",
            "Inspection tells who holds and who waits, how, under which token, for how long, and what they say of themselves",
            covers: ["R51", "S8"], kinds: [.inspect], needs: [.inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let name = try LockName("a")
                let nobody = try await two.inspect(name, deadline: context.soon)
                try context.check(nobody == nil, "of a free lock it says \(String(describing: nobody))")
                let note = HolderNote(host: "host", processID: 42, purpose: "purpose ä", traceID: "trace")
                let held = try await context.grant(try context.request("a", lease: .seconds(60), note: note), on: one)
                let request = try context.request("a", lease: .seconds(60), note: note)
                async let waiting = context.grant(request, on: two)
                try await context.waitForWaiters(1, of: "a", on: one)
                for backend in [one, two] {
                    guard let view = try await backend.inspect(name, deadline: context.soon),
                        let holder = view.holders.first
                    else { throw ConformanceFailure("of a held lock it says nothing", Place()) }
                    try context.check(view.name == name && view.kind == .readWrite, "the lock is \(view)")
                    try context.check(view.holders.count == 1 && holder.token == held.token, "held by \(view.holders)")
                    try context.check(holder.owner == held.owner && holder.mode == .exclusive, "held by \(holder)")
                    try context.check(holder.phase == .held && holder.note == note, "held by \(holder)")
                    try context.check(
                        holder.heldFor >= .zero && holder.heldFor < .seconds(30), "held for \(holder.heldFor)")
                    if let remaining = holder.remaining {
                        try context.check(remaining > .seconds(20) && remaining <= .seconds(60), "\(remaining) remain")
                    }
                    let waiters = view.waiters
                    try context.check(
                        view.waiterCount == 1 && waiters.map(\.owner) == [request.owner], "\(waiters) wait")
                    try context.check(waiters[0].mode == .exclusive && waiters[0].note == note, "\(waiters[0]) waits")
                }
                try await context.release(held, on: one)
                try await context.release(try await waiting, on: two)
                let gone = try await one.inspect(name, deadline: context.soon)
                try context.check(gone == nil, "after the last release it says \(String(describing: gone))")
            }
        },
        ConformanceCase(
            "list/content",
            "A list holds the live locks under a prefix in byte order, as many as asked for, and no others",
            covers: ["S8"], kinds: [.list], needs: [.list]
        ) { context in
            try await context.withTwoBackends { one, two in
                let names = ["a", "a/1", "a/10", "a/2", "ab", "b", "ä", "A"]
                var grants: [Grant] = []
                for name in names { grants.append(try await context.hold(name, on: one)) }
                func list(_ prefix: String, limit: Int = 100) async throws -> [String] {
                    try await two.list(prefix: prefix, limit: limit, deadline: context.soon).map(\.name.text)
                }
                let all = try await list("")
                try context.check(all == ["A", "a", "a/1", "a/10", "a/2", "ab", "b", "ä"], "all are \(all)")
                let under = try await list("a/")
                try context.check(under == ["a/1", "a/10", "a/2"], "under a/ are \(under)")
                let few = try await list("a", limit: 2)
                try context.check(few == ["a", "a/1"], "the first two are \(few)")
                let none = try await list("a", limit: 0)
                try context.check(none.isEmpty, "the first none are \(none)")
                for grant in grants { try await context.release(grant, on: one) }
                let left = try await list("")
                try context.check(left.isEmpty, "after all releases there are \(left)")
            }
        },
        ConformanceCase(
            "watch/content",
            "Whoever watches a prefix is told of every change below it in order, with token, owner and note",
            covers: ["S8"], kinds: [.watch], needs: [.changes, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let changes = ChangeLog(two.changes(prefix: "w/"))
                // What is read after the watch is read after its beginning.
                _ = try await two.inspect(try LockName("w/1"), deadline: context.soon)
                let note = HolderNote(host: "host", processID: 42, purpose: "purpose", traceID: "trace")
                _ = try await context.hold("x/1", on: one)
                let held = try await context.grant(try context.request("w/1", lease: .seconds(60), note: note), on: one)
                let request = try context.request("w/1", lease: .seconds(60))
                async let waiting = context.grant(request, on: one)
                try await context.waitForWaiters(1, of: "w/1", on: one)
                try await context.release(held, on: one)
                let next = try await waiting
                try await context.release(next, on: one)
                let told = try await context.within(.seconds(20)) { try await changes.first(5) }
                let kinds = told.map(\.kind)
                try context.check(kinds == [.granted, .queued, .released, .granted, .released], "it told \(kinds)")
                try context.check(told.allSatisfy { $0.name.text == "w/1" }, "it told of \(told.map(\.name))")
                let tokens = told.map(\.token)
                try context.check(
                    tokens == [held.token, nil, held.token, next.token, next.token], "it told the tokens \(tokens)")
                let owners = told.map(\.owner)
                try context.check(
                    owners == [held.owner, request.owner, held.owner, request.owner, request.owner],
                    "it told of the owners \(owners)")
                try context.check(told[0].note == note, "it told the note \(told[0].note)")
            }
        },
        ConformanceCase(
            "watch/ends",
            "Whoever watches is told of revocations, ends by themselves, and waits that were given up",
            covers: ["S8"], kinds: [.watch], needs: [.changes, .forceRelease, .maximumHold, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let changes = ChangeLog(two.changes(prefix: "w/"))
                _ = try await two.inspect(try LockName("w/1"), deadline: context.soon)
                let held = try await context.hold("w/1", on: one)
                let giveUp = try context.request("w/1", wait: .until(context.now.advanced(by: .milliseconds(100))))
                guard case .busy = try await one.acquire(giveUp) else {
                    throw ConformanceFailure("two holders", Place())
                }
                _ = try await two.forceRelease(held.names[0], reason: "r", now: false, deadline: context.soon)
                _ = try await one.release(held, deadline: context.soon)
                let terms = HoldTerms(maximumHold: .milliseconds(100))
                _ = try await context.grant(try context.request("w/1", terms: terms), on: one)
                let told = try await context.within(.seconds(20)) { try await changes.first(7) }
                let kinds = told.map(\.kind)
                try context.check(
                    kinds == [.granted, .queued, .waitEnded, .revoked, .released, .granted, .expired],
                    "it told \(kinds)")
            }
        },
    ]
}

/// The changes that one reader saw.
struct ChangeLog: Sendable {
    private let stream: AsyncThrowingStream<LockChange, any Error>
    init(_ stream: AsyncThrowingStream<LockChange, any Error>) { self.stream = stream }

    /// Waits for so many changes.
    func first(_ count: Int) async throws -> [LockChange] {
        var seen: [LockChange] = []
        for try await change in stream {
            seen.append(change)
            if seen.count == count { break }
        }
        return seen
    }
}
