import Glibc
import Lockstead
import TestProcesses
import Testing

@Suite("File engine between processes", .timeLimit(.minutes(1)))
struct FileProcessTests {
    @Test("Another process is kept out, and gets the lock with a higher token after the release (S1, S2)")
    func excludes() async throws {
        let fixture = try FileFixture()
        let holder = try HolderProcess(fixture.path, "orders/42")
        let first = try await holder.token()
        let backend = try fixture.backend()
        let busy = try await backend.acquire(try fixture.request("orders/42"))
        guard case .busy(let description?) = busy else {
            Issue.record("taken twice: \(busy)")
            return
        }
        #expect(description.holders.first?.token == first)
        #expect(description.holders.first?.note.processID == holder.processID)
        holder.say("release")
        #expect(try await holder.line() == "released")
        let grant = try granted(try await backend.acquire(try fixture.request("orders/42")))
        #expect(grant.token > first)
    }

    @Test("A killed holder's lock goes to the waiter at once, not at the end of the lease (R30, L1)")
    func killedHolder() async throws {
        let fixture = try FileFixture()
        let holder = try HolderProcess(fixture.path, "job", "--lease=60000")
        let first = try await holder.token()
        let backend = try fixture.backend()
        async let outcome = backend.acquire(try fixture.request("job", wait: .until(fixture.soon)))
        try await fixture.awaitWaiters(1, "job", backend)
        let killed = fixture.time.now
        holder.destroy()
        let grant = try granted(try await outcome)
        #expect(grant.token > first)
        let waited = killed.duration(to: fixture.time.now)
        #expect(waited < .seconds(10), "its lease is a minute")
        // A waiter that had not lain down yet sees the end at its first glance, and no event has to wake it.
        #expect(backend.wakeUps >= 1 || waited < .seconds(1), "not its fallback timer woke the waiter")
    }

    @Test("A holder stopped past its lease is passed over; when it goes on it learns that it lost (R1, R2, G1)")
    func stoppedHolder() async throws {
        let fixture = try FileFixture()
        let holder = try HolderProcess(fixture.path, "job", "--lease=1000")
        let first = try await holder.token()
        holder.signal(SIGSTOP)
        let backend = try fixture.backend()
        let asked = fixture.time.now
        let grant = try granted(try await backend.acquire(try fixture.request("job", wait: .until(fixture.soon))))
        #expect(grant.token > first)
        #expect(asked.duration(to: fixture.time.now) < .milliseconds(2500))
        holder.signal(SIGCONT)
        #expect(try await holder.line(starting: "lost").hasPrefix("lost expired"))
        holder.say("release")
        #expect(try await holder.line(starting: "lost(") != "released", "its late release must free nothing (R17)")
        let renewed = await backend.renew([grant], deadline: fixture.soon)
        guard case .renewed? = renewed.first else {
            Issue.record("the new holder's grant is gone: \(renewed)")
            return
        }
    }
}
