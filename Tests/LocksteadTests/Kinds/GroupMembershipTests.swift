import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("Group membership", .timeLimit(.minutes(1)))
struct GroupMembershipTests {
    private let store = InProcessStore()

    private func with<R: Sendable>(_ body: (GroupMembership) async throws -> R) async throws -> R {
        try await LockClient.with(.inProcess(store)) { try await body($0.membership("workers")) }
    }

    @Test("Members see each other, by id and with what they say of themselves, until they leave")
    func members() async throws {
        try await with { group in
            #expect(try await group.members().isEmpty)
            let b = try await group.join(as: "b", payload: "10.0.0.2")
            let a = try await group.join(as: "a", payload: "10.0.0.1")
            let members = try await group.members()
            #expect(members.map(\.id) == ["a", "b"] && members.map(\.payload) == ["10.0.0.1", "10.0.0.2"])
            #expect(members.map(\.token) == [a.token, b.token])
            try await b.leave()
            #expect(try await group.members().map(\.id) == ["a"])
            #expect(await code { try await b.leave() } == .notHeld)
            try await a.leave()
            #expect(try await group.members().isEmpty)
        }
    }

    @Test("An id that is taken is refused, or waited for; joining again brings a higher token")
    func taken() async throws {
        try await with { group in
            let first = try await group.join(as: "a")
            let refused = try #require(await error { _ = try await group.join(as: "a") } as? LockError)
            #expect(refused.code == .memberExists && refused.effect == .didNotHappen)
            #expect(await code { try await group.withMembership(as: "a") { _ in } } == .memberExists)
            async let second = group.join(as: "a", payload: "second", waitingAtMost: .seconds(30))
            while try await group.client.inspect("workers/a")?.waiterCount != 1 { await Task.yield() }
            try await first.leave()
            let again = try await second
            #expect(again.token > first.token)
            #expect(try await group.members().map(\.payload) == ["second"])
            try await again.leave()
        }
    }

    @Test("A body's own deadline is not taken for an id that is taken")
    func bodyTimesOut() async throws {
        try await with { group in
            let failure = await code {
                try await group.withMembership(as: "a") { _ in
                    throw LockError(.timedOut, "The body's own.", effect: .didNotHappen)
                }
            }
            #expect(failure == .timedOut)
            let members = try await group.members()
            #expect(members.isEmpty)
        }
    }

    @Test("Observers see who joins and leaves, and end up with who is there, however fast it went")
    func observed() async throws {
        try await with { group in
            let seen = Collected<[GroupMembership.Member]>()
            let stream = try await group.observe()
            let reading = seen.begin(stream)
            defer { reading.cancel() }
            await seen.until { $0 == [[]] }
            let stays = try await group.join(as: "stays")
            await seen.until { $0.last?.map(\.id) == ["stays"] }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<200 {
                    tasks.addTask { try await group.withMembership(as: "m\(number)") { _ in await Task.yield() } }
                }
                try await tasks.waitForAll()
            }
            let last = try await group.join(as: "last")
            await seen.until { $0.last?.map(\.id) == ["last", "stays"] }
            try await stays.leave()
            try await last.leave()
            await seen.until { $0.last?.isEmpty == true }
        }
    }

    @Test("A member whose process let go of it disappears, as does one that is cancelled")
    func gone() async throws {
        try await with { group in
            let seen = Collected<[GroupMembership.Member]>()
            let stream = try await group.observe()
            let reading = seen.begin(stream)
            defer { reading.cancel() }
            let other = InProcessBackend(store: store)
            let left = try await LockClient(other).whileRunning { locks in
                let member = try await locks.membership("workers").join(as: "other", payload: "left behind")
                await seen.until { $0.last?.map(\.id) == ["other"] }
                return member
            }
            await seen.until { $0.last?.isEmpty == true }
            #expect(!left.lease.isHeld, "its client gave it back at the end")
            let begun = Door()
            // The test that makes this task owns it and awaits its end.
            let cancelled = Task {
                try await group.withMembership(as: "cancelled") { _ in
                    begun.open()
                    try await Task.sleep(for: .seconds(3_600))
                }
            }
            await begun.wait()
            await seen.until { $0.last?.map(\.id) == ["cancelled"] }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            await seen.until { $0.last?.isEmpty == true }
        }
    }

    @Test("Whatever the watch loses, members are seen by the fallback's reading (RULES 20)")
    func silentWatch() async throws {
        let clock = ManualClock()
        let engine = PoorWatch(InProcessStore(time: clock), .silent)
        try await LockClient(engine, time: clock).whileRunning { locks in
            let group = try locks.membership("workers")
            let seen = Collected<[GroupMembership.Member]>()
            let stream = try await group.observe()
            let reading = seen.begin(stream)
            defer { reading.cancel() }
            await seen.until { $0 == [[]] }
            let member = try await group.join(as: "a")
            while seen.values.value.last?.map(\.id) != ["a"] { await advance(clock) }
            try await member.leave()
            while seen.values.value.last?.isEmpty != true { await advance(clock) }
        }
    }

    private func advance(_ clock: ManualClock) async {
        clock.advance(by: .milliseconds(100))
        for _ in 0..<20 { await Task.yield() }
    }

    @Test("Locks that only look alike are no members: other prefixes, deeper names, shared holders")
    func lookalikes() async throws {
        try await with { group in
            let locks = group.client
            let others = [
                try await locks.acquire("workers"), try await locks.acquire("workers2/a"),
                try await locks.acquire("workers/a/b"), try await locks.acquire("workers/shared", mode: .shared),
            ]
            #expect(try await group.members().isEmpty)
            for other in others { try await other.release() }
        }
    }

    @Test(
        "Ids that are no segment of a name, and engines that cannot list or watch, are refused before anything is sent")
    func refused() async throws {
        try await with { group in
            for (id, expected) in [("", LockError.Code.invalidName), ("a/b", .invalidOption), ("..", .invalidName)] {
                #expect(await code { _ = try await group.join(as: id) } == expected)
            }
            let long = String(repeating: "x", count: HolderNote.maximumByteCount + 1)
            #expect(await code { _ = try await group.join(as: "a", payload: long) } == .invalidOption)
        }
        for feature in [Capabilities.Features.list, .changes] {
            let fixture = ClientFixture(.strict(removing: feature))
            try await fixture.run { locks in
                let group = try locks.membership("workers")
                #expect(await code { _ = try await group.join(as: "a") } == .unsupported)
                #expect(await code { _ = try await group.members() } == .unsupported)
                #expect(await code { _ = try await group.observe() } == .unsupported)
            }
            #expect(fixture.engine.calls.filter { $0 != .run && $0 != .stopped } == [])
        }
    }
}
