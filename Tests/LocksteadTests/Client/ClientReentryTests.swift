import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("LockClient: re-entry and self-deadlock (RULES 12 and 13)", .timeLimit(.minutes(1)))
struct ClientReentryTests {
    @Test("R46: the task that runs the body enters again, under the same token, without asking the engine")
    func sameTask() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a") { outer in
                try await locks.withLock("a") { inner in
                    #expect(inner.token == outer.token)
                    #expect(inner.isHeld)
                }
                // R54: the nested release frees nothing.
                #expect(outer.isHeld)
                #expect(!fixture.engine.calls.contains(.release(outer.token)))
                try await locks.withLock("a") { inner in #expect(inner.token == outer.token) }
            }
            #expect(fixture.engine.calls.filter { $0 == .acquire(["a"]) }.count == 1)
        }
    }

    @Test(
        "Re-entry goes through the bodies of other locks in between, on both kinds of engine", arguments: [true, false])
    func throughOtherLocks(canBeLost: Bool) async throws {
        let fixture = ClientFixture(.strict(shortestLease: canBeLost ? .milliseconds(500) : nil))
        try await fixture.run { locks in
            let token = try await locks.withLock("a") { outer in
                try await locks.withLock("b") { _ in
                    try await locks.withLock("a") { inner in
                        #expect(inner.token == outer.token)
                        return inner.token
                    }
                }
            }
            #expect(token == .init(rawValue: 1))
        }
    }

    @Test("Two children of a holder asking for its name get .wouldDeadlock")
    func twoChildren() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a") { lease in
                let codes = await withTaskGroup(of: LockError.Code?.self) { group in
                    for _ in 0..<2 { group.addTask { await code { try await locks.withLock("a") { _ in } } } }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(codes == [.wouldDeadlock, .wouldDeadlock])
                async let child = code { try await locks.withLock("a") { _ in } }
                #expect(await child == .wouldDeadlock)
                #expect(lease.isHeld)
            }
            #expect(fixture.engine.calls.filter { $0 == .acquire(["a"]) }.count == 1)
        }
    }

    @Test("A child that holds another lock of its own is still no re-entrant of its ancestor's")
    func childWithItsOwnLock() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a") { _ in
                async let child = locks.withLock("b") { _ in
                    await code { try await locks.withLock("a") { _ in } }
                }
                let fact1 = try await child
                #expect(fact1 == .wouldDeadlock)
            }
        }
    }

    @Test("An escaped task gets .wouldDeadlock while the body runs, and acquires normally once it has ended")
    func escapedTask() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let door = Door()
            let (early, late) = try await locks.withLock("a") { _ in
                // The test that makes this task owns it and awaits its end.
                let early = Task { await code { try await locks.withLock("a") { _ in } } }
                // The test that makes this task owns it and awaits its end.
                let late = Task {
                    await door.wait()
                    return try await locks.withLock("a") { $0.token }
                }
                return (await early.value, late)
            }
            #expect(early == .wouldDeadlock)
            door.open()
            let fact2 = try await late.value
            #expect(fact2 == .init(rawValue: 2))
        }
    }

    @Test("reentry: .refused is refused, and nothing is lost by it")
    func refused() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a") { lease in
                let failure = await code { try await locks.withLock("a", reentry: .refused) { _ in } }
                #expect(failure == .reentryRefused)
                #expect(lease.isHeld)
            }
        }
    }

    @Test(
        "R54: a shared holder asking for the exclusive lock is refused at once; an exclusive holder may ask for the shared one"
    )
    func upgrade() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a", mode: .shared) { _ in
                let failure = await code { try await locks.withLock("a") { _ in } }
                #expect(failure == .upgradeRefused)
                try await locks.withLock("a", mode: .shared) { #expect($0.mode == .shared) }
            }
            try await locks.withLock("a") { outer in
                try await locks.withLock("a", mode: .shared) { inner in
                    #expect(inner.token == outer.token)
                    #expect(inner.mode == .exclusive)
                }
            }
        }
    }

    @Test("Handles never enter again: what a scope around holds is refused at once (R55, R56)")
    func handles() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a") { _ in
                #expect(await code { _ = try await locks.acquire("a") } == .wouldDeadlock)
                #expect(await code { _ = try await locks.tryAcquire("a") } == .wouldDeadlock)
            }
            let handle = try await locks.acquire("a")
            let fact3 = try await locks.tryAcquire("a")
            #expect(fact3 == nil)
            let fact4 = try await locks.tryWithLock("a") { _ in true }
            #expect(fact4 == nil)
            try await handle.release()
        }
    }

    @Test("Permits are outside of re-entry: each counts")
    func permits() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let encoder = try locks.semaphore("encoder", permits: 2)
            try await encoder.withPermit { first in
                try await encoder.withPermit { second in
                    #expect(second.token > first.token)
                    let fact5 = try await encoder.tryWithPermit { _ in true }
                    #expect(fact5 == nil)
                }
                let fact6 = try await encoder.tryWithPermit { _ in true }
                #expect(fact6 == true)
            }
        }
    }

    @Test("Different clients are different worlds")
    func otherClient() async throws {
        let (one, two) = (ClientFixture(), ClientFixture())
        try await one.run { ours in
            try await two.run { theirs in
                try await ours.withLock("a") { outer in
                    try await theirs.withLock("a") { inner in
                        #expect(inner !== outer)
                        #expect(two.engine.calls.contains(.acquire(["a"])))
                        // The way back to our own body leads through theirs.
                        try await ours.withLock("a") { again in #expect(again.token == outer.token) }
                    }
                }
            }
        }
        #expect(one.engine.calls.filter { $0 == .acquire(["a"]) }.count == 1)
    }

    @Test("Nested calls of one body send its owner; a child task and an outermost call have their own")
    func owners() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a") { _ in
                try await locks.withLock("b") { _ in }
                async let child: Void = locks.withLock("c") { _ in }
                try await child
            }
        }
        let owners = fixture.observer.observations.filter { if case .granted = $0.event { true } else { false } }
        let byName = Dictionary(uniqueKeysWithValues: owners.map { ($0.names[0].text, $0.owner) })
        #expect(byName["a"] == byName["b"])
        #expect(byName["a"] != byName["c"])
    }

    @Test("A lock that is lost is not entered again")
    func lostOuter() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let failure = await code {
                try await locks.withLock("a", lease: .seconds(10)) { _ in
                    fixture.engine.advance(by: .seconds(10))
                    try await locks.withLock("a") { _ in _ = Issue.record("entered a lost lock") }
                }
            }
            #expect(failure == .leaseLost)
        }
    }

    @Test("withLocks enters what its task holds and acquires the rest")
    func partly() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("b") { outer in
                try await locks.withLocks(["c", "b", "a"]) { lease in
                    #expect(lease.names.map(\.text) == ["a", "b", "c"])
                    #expect(lease.token(for: "b") == outer.token)
                    #expect(lease.token(for: "a") == .init(rawValue: 2))
                }
                #expect(outer.isHeld)
            }
            #expect(fixture.engine.calls.contains(.acquire(["a", "c"])))
        }
    }
}
