import Glibc
import Lockstead
import LocksteadTesting
import TestProcesses
import Testing

/// Elections and groups between processes, on the file engine: killed, stopped, cut off.
@Suite("Elections and groups between processes", .timeLimit(.minutes(1)))
struct KindProcessTests {
    private func with<R: Sendable>(_ fixture: FileFixture, _ body: (LockClient) async throws -> R) async throws -> R {
        try await LockClient.with(.file(fixture.path)) { try await body($0) }
    }

    private func leader(_ fixture: FileFixture, lease: Int) throws -> HolderProcess {
        try HolderProcess(fixture.path, "e", "--elect", "--lease=\(lease)")
    }

    private func term(_ process: HolderProcess) async throws -> FencingToken {
        let line = try await process.line(starting: "leading ")
        return try #require(FencingToken(String(line.dropFirst("leading ".count))))
    }

    @Test(
        "A leader that is killed is followed by the next candidate, under a higher term, and observers see both (L1)"
    )
    func killedLeader() async throws {
        let fixture = try FileFixture()
        try await with(fixture) { client in
            let first = try leader(fixture, lease: 60_000)
            let firstTerm = try await term(first)
            let election = try client.election("e")
            let seen = Collected<Leader?>()
            let stream = try await election.observe()
            let reading = seen.begin(stream)
            defer { reading.cancel() }
            await seen.until { $0.last??.term == firstTerm }
            #expect(seen.values.value.last??.value == "process \(first.processID)")
            let second = try leader(fixture, lease: 60_000)
            while try await client.inspect("e")?.waiterCount != 1 { await Task.yield() }
            first.destroy()
            let secondTerm = try await term(second)
            #expect(secondTerm > firstTerm)
            await seen.until { $0.last??.term == secondTerm }
            second.say("resign")
            #expect(try await second.line(starting: "ended ") == "ended resigned")
            await seen.until { $0.last == .some(nil) }
        }
    }

    @Test(
        "A leader that is stopped past its lease is passed over, and its body is stopped as soon as it goes on (R1, S2)"
    )
    func stoppedLeader() async throws {
        let fixture = try FileFixture()
        try await with(fixture) { client in
            let first = try leader(fixture, lease: 1_000)
            let firstTerm = try await term(first)
            first.signal(SIGSTOP)
            let next = try await client.election("e").withLeadership(as: "next", lease: .seconds(30)) { $0.term }
            #expect(next > firstTerm)
            first.signal(SIGCONT)
            _ = try await first.line(starting: "stopped ")
            #expect(try await first.line(starting: "ended ") == "ended leaseLost")
        }
    }

    @Test("A leader that is cut off is stopped by its own clock before another can lead (S5, R2)")
    func cutOffLeader() async throws {
        let fixture = try FileFixture()
        try await with(fixture) { client in
            let first = try leader(fixture, lease: 2_000)
            _ = try await term(first)
            first.say("cut")
            _ = try await first.line(starting: "cut")
            let elected = try await client.election("e").withLeadership(lease: .seconds(30)) { _ in
                SystemTimeSource().now.nanoseconds
            }
            let line = try await first.line(starting: "stopped ")
            let stopped = try #require(Int64(line.dropFirst("stopped ".count)))
            #expect(stopped < elected, "the old leader was at work \(stopped - elected) ns into the new term")
        }
    }

    @Test(
        "A member that is killed disappears, one that is stopped disappears after its lease, and their ids are free (L1)"
    )
    func goneMembers() async throws {
        let fixture = try FileFixture()
        try await with(fixture) { client in
            let group = try client.membership("g")
            let seen = Collected<[GroupMembership.Member]>()
            let stream = try await group.observe()
            let reading = seen.begin(stream)
            defer { reading.cancel() }
            let killed = try HolderProcess(fixture.path, "g", "--join=killed", "--lease=60000")
            _ = try await killed.line(starting: "joined ")
            let stopped = try HolderProcess(fixture.path, "g", "--join=stopped", "--lease=1000")
            _ = try await stopped.line(starting: "joined ")
            await seen.until { $0.last?.map(\.id) == ["killed", "stopped"] }
            #expect(seen.values.value.last?.map(\.payload).contains("process \(killed.processID)") == true)
            killed.destroy()
            await seen.until { $0.last?.map(\.id) == ["stopped"] }
            stopped.signal(SIGSTOP)
            await seen.until { $0.last?.isEmpty == true }
            let again = try await group.join(as: "stopped", lease: .seconds(30))
            stopped.signal(SIGCONT)
            _ = try await stopped.line(starting: "lost ")
            #expect(try await group.members().map(\.token) == [again.token], "the late one took nothing back")
            try await again.leave()
        }
    }

    @Test("An id is refused to a second process while the first is a member, and free once it left")
    func takenID() async throws {
        let fixture = try FileFixture()
        let first = try HolderProcess(fixture.path, "g", "--join=a")
        _ = try await first.line(starting: "joined ")
        let second = try HolderProcess(fixture.path, "g", "--join=a")
        #expect(try await second.line(starting: "failed ") == "failed memberExists didNotHappen")
        first.say("leave")
        #expect(try await first.line(starting: "left") == "left")
        let third = try HolderProcess(fixture.path, "g", "--join=a")
        _ = try await third.line(starting: "joined ")
    }

    @Test("Candidates of one client campaign each for itself: the leader that others see is the one that leads")
    func personal() async throws {
        let fixture = try FileFixture()
        try await with(fixture) { client in
            let election = try client.election("e")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        try await election.withLeadership(as: "\(number)") { leadership in
                            let leader = try await election.leader()
                            #expect(leader?.value == "\(number)" && leader?.term == leadership.term)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
