import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("LockClient: several names, shared locks and semaphores", .timeLimit(.minutes(1)))
struct ClientSeveralNamesTests {
    @Test("Several names go in one request, sorted, where the engine takes them together")
    func atomic() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLocks(["b", "c", "a"]) { lease in
                #expect(lease.names.map(\.text) == ["a", "b", "c"])
                #expect(lease.token(for: "c") == lease.token)
            }
        }
        #expect(fixture.engine.calls.contains(.acquire(["a", "b", "c"])))
    }

    @Test("Else one after the other, sorted, each with its token, and freed last to first")
    func inOrder() async throws {
        let fixture = ClientFixture(.strict(removing: .severalNames))
        try await fixture.run { locks in
            try await locks.withLocks(["b", "a"]) { lease in
                #expect(lease.token(for: "a") == .init(rawValue: 1))
                #expect(lease.token(for: "b") == .init(rawValue: 2))
                #expect(lease.isHeld)
            }
        }
        let released = fixture.engine.calls.filter { if case .released = $0 { true } else { false } }
        #expect(released == [.released(.init(rawValue: 2)), .released(.init(rawValue: 1))])
    }

    @Test("R41: where one name is missing all others are freed, for a try and for a wait that is over")
    func rollback() async throws {
        let fixture = ClientFixture(.strict(removing: .severalNames))
        try await fixture.run { locks in
            let blocker = try await locks.acquire("b")
            let missed = try await locks.tryWithLocks(["a", "b"]) { _ in true }
            #expect(missed == nil)
            let failure = await code { try await locks.withLocks(["a", "b"], waitingAtMost: .zero) { _ in } }
            #expect(failure == .timedOut)
            let isFree = try await locks.tryWithLock("a") { _ in true }
            #expect(isFree == true)
            try await blocker.release()
        }
    }

    @Test("R41: two calls in opposite order do not deadlock, whole or in parts", arguments: [true, false])
    func oppositeOrders(atomic: Bool) async throws {
        let fixture = ClientFixture(.strict(removing: atomic ? [] : .severalNames))
        try await fixture.run { locks in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<100 {
                    let names = round.isMultiple(of: 2) ? ["a", "b"] : ["b", "a"]
                    group.addTask { try await locks.withLocks(names) { #expect($0.isHeld) } }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A loss of one of several locks is a loss of the lease, and its events come in one stream")
    func lossOfOne() async throws {
        let fixture = ClientFixture(.strict(removing: .severalNames))
        try await fixture.run { locks in
            let outcome = try await locks.withLockOutcome("outer") { _ in
                try await locks.withLocks(["a", "b"]) { lease in
                    var events = lease.events().makeAsyncIterator()
                    fixture.engine.notify(.lost(lease.parts[1].id, .superseded))
                    #expect(await events.next() == .lost(.superseded))
                    #expect(lease.state == .lost(.superseded))
                    #expect(lease.parts[0].leaseState == .held)
                }
            }
            _ = outcome
        } catching: { failure in
            #expect((failure as? LockError)?.code == .leaseLost)
        }
    }

    @Test("Shared holders hold together; an exclusive one excludes them")
    func shared() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let reader = try await locks.acquire("a", mode: .shared)
            let second = try #require(try await locks.tryAcquire("a", mode: .shared))
            let writer = try await locks.tryAcquire("a")
            #expect(writer == nil)
            try await reader.release()
            try await second.release()
            try await locks.withLock("a") { _ in
                let late = try await fixture.inAnotherTask { try await locks.tryAcquire("a", mode: .shared) }
                #expect(late == nil)
            }
        }
    }

    @Test("A semaphore lets as many in as it has permits; handles and several permits count alike")
    func semaphore() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let encoder = try locks.semaphore("encoder", permits: 4)
            let one = try await encoder.acquire()
            try await encoder.withPermits(3) { lease in
                #expect(lease.mode == .permits(count: 3, limit: 4))
                let missed = try await encoder.tryAcquire()
                #expect(missed == nil)
            }
            let three = try #require(try await encoder.tryAcquire(count: 3))
            try await three.release()
            try await one.release()
        }
    }
}

extension ClientFixture {
    func run(_ body: (LockClient) async throws -> Void, catching: (any Error) -> Void) async throws {
        try await run { locks in
            do {
                try await body(locks)
                Issue.record("nothing was thrown")
            } catch {
                catching(error)
            }
        }
    }
}
