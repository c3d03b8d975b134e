import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Signals, deaths and pauses of `exec`.
@Suite(.timeLimit(.minutes(3)))
struct ExecSignalTests {
    private let lockstead: LocksteadProgram
    init() throws { lockstead = try LocksteadProgram() }

    @Test(
        "Signals to the runner reach the child's whole group",
        arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2])
    func forwarding(_ signal: Int32) async throws {
        let run = try lockstead.start([
            "exec", "a", "--", "bash", "-c",
            "trap 'echo grandchild; exit 0' \(signal) & trap 'echo parent; wait; exit 7' \(signal); "
                + "(trap 'echo child; exit 0' \(signal); echo ready; while :; do sleep 0.05 & wait $!; done) & "
                + "while :; do sleep 0.05 & wait $!; done",
        ])
        try await run.outputs("ready")
        run.signal(signal)
        let result = try await run.result()
        #expect(result.code == 7)
        #expect(result.output.contains("child\n") && result.output.contains("parent\n"), "\(result.output)")
    }

    @Test("A signal that ends the child ends the runner with 128 plus its number, and frees the lock")
    func fatalSignal() async throws {
        let run = try lockstead.start(["exec", "a", "--", "sh", "-c", "echo ready; exec sleep 60"])
        try await run.outputs("ready")
        run.signal(SIGTERM)
        #expect(try await run.result().code == 128 + SIGTERM)
        #expect(try await lockstead.run("exec", "a", "--no-wait", "--", "true").code == 0)
    }

    @Test("A signal ends the wait for a lock; the waiter leaves the queue and dies of the signal")
    func interruptedWait() async throws {
        let holder = try lockstead.start(["exec", "a", "--", "sh", "-c", "echo in; cat"])
        try await holder.outputs("in")
        let watch = try lockstead.start(["watch", "--json"])
        let waiter = try lockstead.start(["exec", "a", "--", "echo", "ran"])
        try await lockstead.awaitWaiters(1, of: "a")
        waiter.signal(SIGTERM)
        let result = try await waiter.result()
        #expect(result.code == -SIGTERM)
        #expect(result.output == "")
        try await lockstead.awaitWaiters(0, of: "a")
        watch.signal(SIGKILL)
    }

    @Test("Signals that the caller had ignored stay ignored, in the child too: nohup works")
    func nohup() async throws {
        let shell = try lockstead.start([
            "exec", "outer", "--", "sh", "-c",
            "trap '' HUP; exec '\(LocksteadProgram.program)' exec a -- sh -c 'echo ready; kill -HUP $PPID; kill -HUP $$; echo survived'",
        ])
        let result = try await shell.result()
        #expect(result.output == "ready\nsurvived\n")
        #expect(result.code == 0)
    }

    @Test("Kill -9 of the runner: the child and its children are dead before the next grant, within a second")
    func killedRunner() async throws {
        let run = try lockstead.start([
            "exec", "a", "--", "sh", "-c", "sleep 300 & echo child $$ grandchild $!; wait",
        ])
        try await run.outputs("grandchild")
        try await run.outputs("\n")
        let words = run.outputSoFar.split(whereSeparator: \.isWhitespace)
        let processes = try [1, 3].map { try #require(pid_t(words[$0])) }
        let next = try lockstead.start(["exec", "a", "--", "sh", "-c", Self.reportLife(of: processes)])
        try await lockstead.awaitWaiters(1, of: "a")
        let start = ContinuousClock.now
        run.signal(SIGKILL)
        let result = try await next.result()
        #expect(result.output == "dead dead\n")
        #expect(ContinuousClock.now - start < .seconds(1))
    }

    @Test("A runner paused past its lease: its child is dead before the takeover, and when continued it ends with 76")
    func pausedRunner() async throws {
        let run = try lockstead.start([
            "exec", "a", "--lease", "2s", "--", "sh", "-c", "echo child $$ $LOCKSTEAD_TOKEN; exec sleep 300",
        ])
        try await run.outputs("\n")
        let words = run.outputSoFar.split(whereSeparator: \.isWhitespace)
        let child = try #require(pid_t(words[1]))
        run.signal(SIGSTOP)
        let next = try await lockstead.run(
            "exec", "a", "--", "sh", "-c", "\(Self.reportLife(of: [child])); echo $LOCKSTEAD_TOKEN")
        let lines = next.output.split(separator: "\n")
        #expect(lines.first == "dead")
        let (older, newer) = (UInt64(words[2]) ?? .max, UInt64(lines.last ?? "") ?? 0)
        #expect(newer > older)
        run.signal(SIGCONT)
        let result = try await run.result()
        #expect(result.code == 76)
        #expect(result.error.contains("lost"))
    }

    @Test("A child that ignores TERM is killed before the lease of a paused runner ends")
    func stubbornChild() async throws {
        let run = try lockstead.start([
            "exec", "a", "--lease", "2s", "--", "sh", "-c", "trap '' TERM; echo child $$; while :; do sleep 1; done",
        ])
        try await run.outputs("\n")
        let child = try #require(pid_t(run.outputSoFar.split(whereSeparator: \.isWhitespace)[1]))
        run.signal(SIGSTOP)
        #expect(try await lockstead.run("exec", "a", "--", "sh", "-c", Self.reportLife(of: [child])).output == "dead\n")
        run.signal(SIGCONT)
        #expect(try await run.result().code == 76)
    }

    @Test("A lease that outlives three times its length shows that it is renewed")
    func renewal() async throws {
        let result = try await lockstead.run("exec", "a", "--lease", "1s", "--", "sleep", "3")
        #expect(result.code == 0)
        #expect(result.error == "")
    }

    @Test("A forced release stops the child with 76 and says why")
    func forcedRelease() async throws {
        let run = try lockstead.start(["exec", "a", "--", "sh", "-c", "echo ready; exec sleep 300"])
        try await run.outputs("ready")
        let release = try await lockstead.run("force-release", "a", "--reason", "host is gone")
        #expect(release.code == 0)
        let result = try await run.result()
        #expect(result.code == 76)
        #expect(result.error.contains("host is gone"))
    }

    @Test("The cap on the hold stops the child with 76, however often it was renewed")
    func maximumHold() async throws {
        let result = try await lockstead.run(
            "exec", "a", "--lease", "1s", "--max-hold", "2s", "--", "sleep", "300")
        #expect(result.code == 76)
    }

    @Test("A guard that is killed takes the child with it")
    func killedGuard() async throws {
        let run = try lockstead.start([
            "exec", "a", "--", "sh", "-c", "echo group $(ps -o pgid= -p $$); exec sleep 300",
        ])
        try await run.outputs("\n")
        let guardProcess = try #require(pid_t(run.outputSoFar.split(whereSeparator: \.isWhitespace)[1]))
        kill(guardProcess, SIGKILL)
        let result = try await run.result()
        #expect(result.code == 76)
        #expect(result.error.contains("guard"))
    }

    @Test("No guard is left behind")
    func noGuardLeft() async throws {
        let result = try await lockstead.run("exec", "a", "--", "sh", "-c", "ps -o pgid= -p $$")
        let guardProcess = try #require(pid_t(result.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(guardProcess, 0) == -1 && errno == ESRCH)
    }

    /// A script that says of each process whether it is there.
    ///
    /// One that is dead and not yet reaped is dead.
    private static func reportLife(of processes: [pid_t]) -> String {
        "echo "
            + processes.map { "$(case $(ps -o stat= -p \($0)) in ''|Z*) echo dead;; *) echo alive;; esac)" }
            .joined(separator: " ")
    }
}

extension LocksteadProgram {
    /// Waits until so many requests wait for a lock.
    func awaitWaiters(_ count: Int, of name: String) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            let json = try await run("inspect", name, "--json").output
            if json.contains("\"waiterCount\":\(count)}") || json.contains("\"waiterCount\":\(count),") { return }
        }
        Issue.record("\(name) never had \(count) waiters")
    }
}
