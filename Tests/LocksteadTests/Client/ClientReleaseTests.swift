import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("LockClient: releases and dropped handles", .timeLimit(.minutes(1)))
struct ClientReleaseTests {
    private static let first = FencingToken(rawValue: 1)

    @Test("RULES 2: a handle stops being held before its release is sent")
    func notHeldWhileReleasing() async throws {
        let fixture = ClientFixture()
        let door = Door()
        fixture.engine.play(.delayRequest(door), on: .release)
        try await fixture.run { locks in
            let lock = try await locks.acquire("a")
            async let released: Void = lock.release()
            await fixture.until(.release(Self.first))
            #expect(lock.lease.state == .lost(.released))
            door.open()
            try await released
        }
    }

    @Test("cancellation during release still releases")
    func cancelledDuringRelease() async throws {
        let fixture = ClientFixture()
        let door = Door()
        fixture.engine.play(.delayRequest(door), on: .release)
        try await fixture.run { locks in
            // The test that makes this task owns it and awaits its end.
            let task = Task { try await locks.withLock("a") { _ in 5 } }
            await fixture.until(.release(Self.first))
            task.cancel()
            door.open()
            // R20: nor does the release mask what the body brought.
            let fact1 = try await task.value
            #expect(fact1 == 5)
            #expect(fixture.engine.calls.contains(.released(Self.first)))
        }
    }

    @Test("R20: a body that was cancelled is released, and its CancellationError is not masked by a failing release")
    func cancellationIsNotMasked() async throws {
        let fixture = ClientFixture()
        let body = StayingBody(fixture.clock)
        fixture.engine.play(.refuse(StrictEngine.lost), on: .release)
        try await fixture.run { locks in
            // The test that makes this task owns it and awaits its end.
            let task = Task { try await locks.withLock("a", body.stay) }
            await body.begun()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            await fixture.until(.released(Self.first))
        }
    }

    @Test("A release that fails after success is told to the observer and repeated, not thrown (R19)")
    func failedReleaseAfterSuccess() async throws {
        let fixture = ClientFixture()
        fixture.engine.play(.refuse(StrictEngine.lost), on: .release)
        try await fixture.run { locks in
            let value = try await locks.withLock("a") { _ in 9 }
            #expect(value == 9)
            await fixture.observer.until { if case .releaseFailed = $0.event { true } else { false } }
            await fixture.until(.released(Self.first))
        }
    }

    @Test("R18, R19: a handle whose release got no answer may be released again, and frees nothing newer")
    func retriedRelease() async throws {
        let fixture = ClientFixture()
        fixture.engine.play(.loseAnswer, on: .release)
        try await fixture.run { locks in
            let lock = try await locks.acquire("a")
            let failure = await error { try await lock.release() }
            #expect((failure as? LockError)?.effect == .mayHaveHappened)
            let newer = try await locks.acquire("a")
            try await lock.release()
            #expect(newer.lease.isHeld)
            let other = try await locks.tryAcquire("a")
            #expect(other == nil)
            try await newer.release()
        }
    }

    @Test("R21: releasing an expired handle tells the loss and forgets the grant")
    func expiredRelease() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(10))
            fixture.engine.advance(by: .seconds(11))
            let failure = await error { try await lock.release() }
            #expect((failure as? LockError)?.code == .leaseLost)
            #expect(fixture.client.registry.count == 0)
            #expect(await code { try await lock.release() } == .notHeld)
        }
    }

    @Test("A handle is released once; a second release says so")
    func secondRelease() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lock = try await locks.acquire("a")
            try await locks.release(lock)
            #expect(await code { try await locks.release(lock) } == .notHeld)
        }
    }

    @Test("A handle of another client is refused")
    func foreignHandle() async throws {
        let (one, two) = (ClientFixture(), ClientFixture())
        try await one.run { ours in
            try await two.run { theirs in
                let lock = try await ours.acquire("a")
                #expect(await code { try await theirs.release(lock) } == .invalidOption)
                #expect(lock.lease.isHeld)
                try await lock.release()
            }
        }
    }

    @Test("a dropped handle stops renewing")
    func droppedHandle() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lease = try await locks.acquire("a", lease: .seconds(30)).lease
            await fixture.observer.until { if case .abandoned = $0.event { true } else { false } }
            await fixture.advance(by: .seconds(29))
            #expect(lease.isHeld, "it is not taken away: its last use may lie inside the critical section")
            await fixture.advance(by: .seconds(1))
            await fixture.observer.until { if case .lost(_, .abandoned) = $0.event { true } else { false } }
            #expect(lease.state == .lost(.abandoned))
            #expect(!fixture.engine.calls.contains { if case .renew = $0 { true } else { false } })
            #expect(!fixture.engine.calls.contains(.release(Self.first)))
            let next = try await locks.tryWithLock("a") { $0.token }
            #expect(next == .init(rawValue: 2))
        }
    }

    @Test("R22: of several names, the loss of one keeps none of the others from being freed")
    func oneOfSeveralLost() async throws {
        let fixture = ClientFixture(.strict(removing: .severalNames))
        try await fixture.run { locks in
            let failure = await error {
                try await locks.withLocks(["c", "a", "b"]) { lease in
                    let middle = try #require(lease.token(for: "b"))
                    fixture.engine.forget(middle)
                    fixture.engine.notify(.lost(lease.parts[1].id, .superseded))
                    try await fixture.clock.sleep(until: .distantFuture)
                }
            }
            #expect((failure as? LockError)?.code == .leaseLost)
            for token in 1...3 { #expect(fixture.engine.calls.contains(.released(.init(rawValue: UInt64(token))))) }
        }
    }

    @Test("A downgrade keeps the token and lets readers in")
    func downgrade() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lock = try await locks.acquire("a")
            let before = try await locks.tryAcquire("a", mode: .shared)
            #expect(before == nil)
            try await locks.downgrade(lock)
            #expect(lock.lease.mode == .shared)
            #expect(lock.lease.token == Self.first)
            let reader = try #require(try await locks.tryAcquire("a", mode: .shared))
            #expect(await code { try await locks.downgrade(lock) } == .invalidOption)
            try await reader.release()
            try await lock.release()
        }
    }
}
