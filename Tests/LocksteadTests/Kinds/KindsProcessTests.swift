import Glibc
import Lockstead
import LocksteadTesting
import TestProcesses
import Testing

@Suite("Kinds of lock that remember, between processes", .serialized, .timeLimit(.minutes(2)))
struct KindsProcessTests {
    @Test("kill: a process killed at any moment while it stores loses no store that was acknowledged (S6, S12)")
    func killedWhileStoring() async throws {
        let fixture = try FileFixture()
        let name = try LockName("count")
        let backend = try fixture.backend()
        var highest = 0
        for round in 1...12 {
            let holder = try HolderProcess(fixture.path, "count", "--count", "--lease=60000")
            var acknowledged = 0
            for _ in 0..<round * 3 {
                let line = try await holder.line(starting: "stored ")
                acknowledged = try #require(Int(line.dropFirst(7)))
            }
            holder.destroy()
            let register = try await backend.load(name, deadline: fixture.soon)
            let stored = try #require(register.value.flatMap { Int(String(decoding: $0, as: UTF8.self)) })
            #expect(stored >= acknowledged, "round \(round)")
            #expect(acknowledged > highest, "a later process went on from an earlier value")
            highest = stored
        }
        print("12 kills while storing: the register came to \(highest), no acknowledged store was lost")
    }

    @Test("kill: a party killed before all are in is replaced by another, and those who are in do not wait for it")
    func killedBeforeAllAreIn() async throws {
        let fixture = try FileFixture()
        let dead = try HolderProcess(fixture.path, "place", "--permits=2", "--lease=60000")
        _ = try await dead.token()
        dead.destroy()
        try await LockClient.with(.file(fixture.path)) { client in
            let barrier = try client.doubleBarrier("place", parties: 2)
            async let entering = barrier.enter(waitingAtMost: .seconds(20))
            let two = try await barrier.enter(waitingAtMost: .seconds(20))
            let one = try await entering
            async let left: Void = one.leave(waitingAtMost: .seconds(20))
            try await two.leave(waitingAtMost: .seconds(20))
            try await left
        }
    }

    @Test("kill: a party killed inside is not waited for when the others leave, and pause: one is, for its lease")
    func killedAndPausedInside() async throws {
        for signal in [SIGKILL, SIGSTOP] {
            let fixture = try FileFixture()
            let party = try HolderProcess(fixture.path, "place", "--permits=2", "--lease=1500")
            _ = try await party.token()
            try await LockClient.with(.file(fixture.path)) { client in
                let barrier = try client.doubleBarrier("place", parties: 2)
                // The other process only keeps its permit; this one sees that both are in.
                let place = try await barrier.enter(waitingAtMost: .seconds(20))
                let early = await #expect(throws: LockError.self) {
                    let other = try client.doubleBarrier("place", parties: 2)
                    _ = try await other.enter(waitingAtMost: .milliseconds(100))
                }
                #expect(early?.code == .timedOut, "a third party came into a full place")
                if signal == SIGKILL { party.destroy() } else { party.signal(signal) }
                try await place.leave(waitingAtMost: .seconds(20))
            }
            if signal == SIGSTOP { party.signal(SIGCONT) }
        }
    }

    @Test("kill: a latch, a gate and a finished run outlive the process that made them")
    func outliveTheirMaker() async throws {
        let fixture = try FileFixture()
        try await LockClient.with(.file(fixture.path)) { client in
            try await client.latch("latch", count: 2).countDown()
            try await client.barrier("gate").close()
            _ = try await client.runOnce("job") { _ in 1 }
        }
        // Somebody dies while holding each of their locks.
        for name in ["latch", "gate", "job"] {
            let holder = try HolderProcess(fixture.path, name, "--lease=60000")
            _ = try await holder.token()
            holder.destroy()
        }
        try await LockClient.with(.file(fixture.path)) { client in
            let (latch, gate) = (try client.latch("latch", count: 2), try client.barrier("gate"))
            let (left, isClosed) = (try await latch.count(), try await gate.isClosed())
            #expect(left == 1 && isClosed)
            let again = try await client.runOnce("job") { _ in 2 }
            #expect(again == nil)
            let rest = try await latch.countDown()
            #expect(rest == 0)
        }
    }
}
