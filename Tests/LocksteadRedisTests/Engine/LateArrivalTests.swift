import Lockstead
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

/// What a lost answer leaves behind: the same command, sent again, or arriving long after its caller has gone on.
@Suite("Commands that arrive late or twice")
struct LateArrivalTests {
    @Test(
        "A first attempt that arrives after the release of its repetition takes nothing",
        arguments: [LockMode.exclusive, .shared, .permits(count: 1, limit: 2)])
    func afterRelease(mode: LockMode) async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            bench.client.next(LockScripts.acquire, .late)
            let grant = try await bench.take(try bench.request("a", mode: mode))
            #expect(await bench.isRenewed(grant))
            #expect(try await bench.release(grant) == .released)
            #expect(bench.client.onTheirWay == 1)
            try await bench.client.arrive()
            #expect(try await bench.inspect("a")?.holders ?? [] == [], "nobody holds what nobody asked for any more")
            #expect(try await bench.release(try await bench.hold("a")) == .released, "and the lock goes on")
        }
    }

    @Test("A release that nobody knows the end of is told so each time it is asked for, and never as a loss")
    func unknownRelease() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let grant = try await bench.hold("a")
            bench.client.next(LockScripts.release, .unanswered)
            for _ in 0..<2 {
                let error = await #expect(throws: LockError.self) { _ = try await bench.release(grant) }
                #expect(error?.code == .indeterminate, "\(String(describing: error))")
            }
            #expect(try await bench.release(try await bench.hold("a")) == .released)
        }
    }

    @Test(
        "A hand-over whose answer was lost is asked for again and is one; one that arrives late takes nothing",
        arguments: [LateClient.Fate.unanswered, .late])
    func lostHandOver(fate: LateClient.Fate) async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let old = try await bench.hold("a")
            let request = try bench.request("a", fairness: .barging)
            bench.client.next(LockScripts.handOver, fate)
            let new = try #require(try await bench.backend.handOver(old, to: request))
            #expect(bench.client.count(of: LockScripts.handOver) == 2)
            #expect(new.token > old.token)
            #expect(try await bench.inspect("a")?.holders.map(\.token) == [new.token])
            #expect(await bench.isRenewed(new))
            #expect(try await bench.release(new) == .released)
            try await bench.client.arrive()
            #expect(try await bench.inspect("a") == nil)
        }
    }

    @Test(
        "A hand-over whose answer was lost may have happened, whatever becomes of its repetitions", arguments: [1, 500])
    func lostHandOverAndConnection(failures: Int) async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let old = try await bench.hold("a")
            let request = try bench.request("a", fairness: .barging)
            bench.client.next(LockScripts.handOver, .unanswered)
            for _ in 0..<failures { bench.client.next(LockScripts.handOver, .unsent) }
            if failures == 1 {
                #expect(try #require(try await bench.backend.handOver(old, to: request)).token > old.token)
            } else {
                let error = await #expect(throws: LockError.self) {
                    _ = try await bench.backend.handOver(old, to: request)
                }
                #expect(error?.effect == .mayHaveHappened, "\(String(describing: error))")
            }
            // The next one's, and where nobody knows withdrawn, as the client does.
            try await bench.backend.cancel(request, deadline: bench.soon)
            #expect(try await bench.inspect("a") == nil)
        }
    }

    @Test("A waiter's look that arrives after its cancellation neither takes the lock nor waits (R26)")
    func afterCancellation() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let holder = try await bench.hold("a")
            let request = try bench.request("a")
            // Awaited below.
            let waiter = Task { try await bench.backend.acquire(request) }
            #expect(try await eventually { try await bench.waiters(of: "a") == 1 })
            bench.client.next(LockScripts.acquire, .late)
            #expect(try await eventually { bench.client.onTheirWay == 1 })
            waiter.cancel()
            await #expect(throws: LockError.self) { try await waiter.value }
            #expect(try await bench.waiters(of: "a") == 0)
            #expect(try await bench.release(holder) == .released)
            try await bench.client.arrive()
            #expect(try await bench.inspect("a") == nil, "neither held nor awaited")
        }
    }

    @Test("A waiter's look that arrives after the lock was handed over, used and released takes nothing")
    func afterHandOver() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let holder = try await bench.hold("a")
            let request = try bench.request("a")
            async let waiting = bench.take(request)
            #expect(try await eventually { try await bench.waiters(of: "a") == 1 })
            bench.client.next(LockScripts.acquire, .late)
            #expect(try await eventually { bench.client.onTheirWay == 1 })
            #expect(try await bench.release(holder) == .released)
            #expect(try await bench.release(try await waiting) == .released)
            try await bench.client.arrive()
            #expect(try await bench.inspect("a") == nil)
        }
    }

    @Test("A first attempt that arrives after its repetition was told that the lock is held takes nothing")
    func afterBusy() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let holder = try await bench.hold("a")
            bench.client.next(LockScripts.acquire, .late)
            let patience = LockRequest.Wait.until(bench.time.now.advanced(by: .milliseconds(600)))
            guard case .busy(let view) = try await bench.backend.acquire(try bench.request("a", wait: patience)) else {
                Issue.record("it was granted beside the holder")
                return
            }
            #expect(view?.holders.map(\.token) == [holder.token])
            #expect(try await bench.release(holder) == .released)
            try await bench.client.arrive()
            #expect(try await bench.inspect("a") == nil)
        }
    }

    @Test("A withdrawal in time leaves no mark: the lock keeps its short way")
    func withoutMark() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let holder = try await bench.hold("a")
            let request = try bench.request("a")
            // Awaited below.
            let waiter = Task { try await bench.backend.acquire(request) }
            // An answer that is still awaited would be lost.
            #expect(try await eventually { try await bench.waiters(of: "a") == 1 && bench.client.awaited == 0 })
            waiter.cancel()
            await #expect(throws: LockError.self) { try await waiter.value }
            #expect(try await bench.places(in: "a").isEmpty)
            #expect(try await bench.release(holder) == .released)
        }
    }

    @Test(
        "A forced release that is repeated, or arrives twice, revokes nobody who came after it",
        arguments: [true, false])
    func forcedTwice(isImmediate: Bool) async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let first = try await bench.hold("a")
            async let waiting = bench.take(try bench.request("a"))
            #expect(try await eventually { try await bench.waiters(of: "a") == 1 })
            bench.client.next(LockScripts.force, isImmediate ? .unanswered : .late)
            let forced = try await bench.backend.forceRelease(
                try LockName("a"), reason: "hung", now: isImmediate, deadline: bench.soon)
            #expect(forced.revoked == [first.token])
            #expect(forced.waivedExclusion == isImmediate)
            if !isImmediate { #expect(try await bench.release(first) == .released) }
            let second = try await waiting
            try await bench.client.arrive()
            #expect(await bench.isRenewed(second), "the next holder did nothing to be revoked")
            #expect(try await bench.release(second) == .released)
        }
    }

    @Test("A repetition of an acquire takes back no revocation of one of its names")
    func revokedInPart() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            bench.client.next(LockScripts.acquire, .late)
            let grant = try await bench.take(try bench.request("a", "b"))
            _ = try await bench.backend.forceRelease(
                try LockName("b"), reason: "hung", now: false, deadline: bench.soon)
            // The script refuses: the grant is revoked.
            try await bench.client.arrive()
            #expect(await bench.loss(of: grant) == .revoked("hung"))
        }
    }

    @Test("A hand-over that arrives after its new request was withdrawn makes no grant")
    func handOverWithdrawn() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let grant = try await bench.hold("a")
            // More than there is time for.
            for _ in 0..<500 { bench.client.next(LockScripts.handOver, .late) }
            var next = try bench.request("a", fairness: .barging)
            next.lease = .seconds(30)
            let request = next
            await #expect(throws: LockError.self) { try await bench.backend.handOver(grant, to: request) }
            try await bench.backend.cancel(request, deadline: bench.soon)
            try await bench.client.arrive()
            #expect(try await bench.inspect("a")?.holders.map(\.token) == [grant.token])
            #expect(try await bench.release(grant) == .released)
        }
    }

    @Test("A repeated downgrade is done once; one that finds nothing any more may have happened")
    func downgradedTwice() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let first = try await bench.hold("a")
            bench.client.next(LockScripts.downgrade, .unanswered)
            let shared = try await bench.backend.downgrade(first, deadline: bench.soon)
            #expect(shared.mode == .shared && shared.token == first.token)
            #expect(try await bench.release(shared) == .released)
            let second = try await bench.hold("a")
            try await bench.node.say("DEL a")
            bench.client.next(LockScripts.downgrade, .late)
            let failure = await #expect(throws: LockError.self) {
                try await bench.backend.downgrade(second, deadline: bench.soon)
            }
            #expect(failure?.code == .notHeld)
            #expect(failure?.effect == .mayHaveHappened)
        }
    }

    @Test("A release that is repeated says that it may have happened, and frees nobody else (R18)")
    func releasedTwice() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let first = try await bench.hold("a")
            bench.client.next(LockScripts.release, .late)
            #expect(try await bench.release(first) == .released)
            let second = try await bench.hold("a")
            try await bench.client.arrive()
            #expect(await bench.isRenewed(second))
            bench.client.next(LockScripts.release, .unanswered)
            let failure = await #expect(throws: LockError.self) { try await bench.release(second) }
            #expect(failure?.effect == .mayHaveHappened)
            #expect(try await bench.inspect("a") == nil)
        }
    }
}
