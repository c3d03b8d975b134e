import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// `exec` as a shell sees it.
@Suite(.timeLimit(.minutes(2)))
struct ExecTests {
    private let lockstead: LocksteadProgram
    init() throws { lockstead = try LocksteadProgram() }

    @Test("The child's exit code is passed on", arguments: [0, 1, 42, 255] as [Int32])
    func exitCode(_ code: Int32) async throws {
        #expect(try await lockstead.run("exec", "a", "--", "sh", "-c", "exit \(code)").code == code)
    }

    @Test("A child ended by a signal gives 128 plus its number", arguments: [SIGKILL, SIGTERM, SIGSEGV, SIGINT])
    func signalCode(_ signal: Int32) async throws {
        #expect(try await lockstead.run("exec", "a", "--", "sh", "-c", "kill -\(signal) $$").code == 128 + signal)
    }

    @Test(
        "The child's environment holds the caller's, the lock's name, its token, the engine and a deadline to compare with date"
    )
    func environment() async throws {
        let before = Int64(Date().timeIntervalSince1970)
        let result = try await lockstead.run(
            "exec", "jobs/ä b", "--lease", "60s", "--", "sh", "-c",
            #"echo "$LOCKSTEAD_NAME|$LOCKSTEAD_TOKEN|$LOCKSTEAD_ENGINE|$LOCKSTEAD_DEADLINE|$MINE""#,
            environment: ["MINE": "kept", "LOCKSTEAD_TOKEN": "stale"])
        let parts = result.output.trimmingCharacters(in: .newlines).components(separatedBy: "|")
        try #require(parts.count == 5)
        #expect(parts[0] == "jobs/ä b")
        #expect((UInt64(parts[1]) ?? 0) > 0)
        #expect(parts[2] == lockstead.engineURL)
        let deadline = try #require(Int64(parts[3]))
        #expect((before + 50...before + 70).contains(deadline))
        #expect(parts[4] == "kept")
    }

    @Test("Variables that are no UTF-8 reach the child byte for byte")
    func foreignBytes() async throws {
        let result = try await lockstead.run(
            "exec", "outer", "--", "sh", "-c",
            #"X=$(printf '\377\376') exec "$0" exec inner -- sh -c 'printf %s "$X" | od -An -tx1'"#.replacing(
                "\"$0\"", with: "'\(LocksteadProgram.program)'"))
        #expect(result.output.contains("ff fe"))
        let nested = try await lockstead.run(
            "exec", "outer", "--", LocksteadProgram.program, "exec", "inner", "--", "true")
        #expect(nested.code == 0)
    }

    @Test("A command that asks for the lock it was started under is refused at once, not left to wait for ever")
    func nestedSameName() async throws {
        let nested = try await lockstead.run(
            "exec", "a", "--", LocksteadProgram.program, "exec", "a", "--", "echo", "ran")
        #expect(nested.code == 75 && nested.output.isEmpty)
        #expect(nested.error.contains("held by the command that started this one"))
        let readers = try await lockstead.run(
            "exec", "a", "--shared", "--", LocksteadProgram.program, "exec", "a", "--shared", "--", "echo", "ran")
        #expect(readers.output == "ran\n")
        let stale = ["LOCKSTEAD_NAME": "a", "LOCKSTEAD_TOKEN": "1"]
        let left = try await lockstead.run("exec", "a", "--", "true", environment: stale)
        #expect(left.code == 0, "a token that holds nothing any more is no reason to refuse")
    }

    @Test("A cap on the hold that is far below the lease leaves the command most of its time")
    func shortCap() async throws {
        let result = try await lockstead.run(
            "exec", "a", "--max-hold", "3s", "--", "sh", "-c",
            "trap 'echo told; exit' TERM; echo ran; sleep 1; echo worked; sleep 30 & wait")
        #expect(result.code == 76)
        #expect(result.output == "ran\nworked\ntold\n")
        #expect(result.error.contains("the cap on its total hold was reached"))
    }

    @Test(
        "Streams that were closed are the null device for the command",
        arguments: ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
    func closedStreams(_ closing: String) async throws {
        let seen = "\(lockstead.folder)/streams"
        // Looked at before anything is redirected: a shell would show its own redirection.
        let script =
            "a=$(readlink /proc/$$/fd/0); b=$(readlink /proc/$$/fd/1); c=$(readlink /proc/$$/fd/2)"
            + "; { echo $a; echo $b; echo $c; } > \(seen)"
        let result = try await lockstead.run("exec", "warm", "--", "sh", "-c", "true")
        #expect(result.code == 0)
        let shell = "'\(LocksteadProgram.program)' exec a -- sh -c '\(script)' \(closing)"
        #expect(try await lockstead.run("exec", "outer", "--", "sh", "-c", shell).code == 0)
        let lines = try String(contentsOfFile: seen, encoding: .utf8).split(separator: "\n")
        let closed = closing.split(separator: " ").map { $0.first == "<" ? 0 : $0.first == ">" ? 1 : 2 }
        try #require(lines.count == 3)
        for number in closed { #expect(lines[number] == "/dev/null") }
    }

    @Test("A waiter that was paused for longer than its lease asks again when it goes on")
    func pausedWaiter() async throws {
        let holder = try lockstead.start(["exec", "a", "--", "sh", "-c", "echo held; read line"])
        try await holder.outputs("held")
        let waiter = try lockstead.start(["exec", "a", "--lease", "1s", "--", "echo", "ran"])
        try await lockstead.awaitWaiters(1, of: "a")
        waiter.signal(SIGSTOP)
        try await lockstead.awaitWaiters(0, of: "a")
        waiter.signal(SIGCONT)
        try await lockstead.awaitWaiters(1, of: "a")
        holder.write("go\n")
        #expect(try await holder.result().code == 0)
        let result = try await waiter.result()
        #expect(result.code == 0 && result.output == "ran\n")
    }

    @Test("Tokens rise from one run to the next")
    func tokensRise() async throws {
        var tokens: [UInt64] = []
        for _ in 0..<3 {
            let output = try await lockstead.run("exec", "a", "--", "sh", "-c", "echo $LOCKSTEAD_TOKEN").output
            tokens.append(try #require(UInt64(output.trimmingCharacters(in: .newlines))))
        }
        #expect(tokens[0] < tokens[1] && tokens[1] < tokens[2])
    }

    @Test("Standard input, output and error are the child's own")
    func streams() async throws {
        let result = try await lockstead.run(
            "exec", "a", "--", "sh", "-c", "cat; echo complaint >&2", input: "line 1\nline 2")
        #expect(result.output == "line 1\nline 2")
        #expect(result.error == "complaint\n")
    }

    @Test("A pipeline ends when its commands do: the guard holds no end of it")
    func pipeline() async throws {
        let shell = try lockstead.start([
            "exec", "a", "--", "sh", "-c", "echo x | '\(LocksteadProgram.program)' exec b -- cat | tr x y",
        ])
        let result = try await shell.result(within: .seconds(20))
        #expect(result.output == "y\n")
        #expect(result.code == 0)
    }

    @Test("A command that is missing or cannot be run ends as a shell ends, without having waited for the lock")
    func wrongCommand() async throws {
        let holder = try lockstead.start(["exec", "a", "--", "sh", "-c", "echo in; cat"])
        try await holder.outputs("in")
        let missing = try await lockstead.run("exec", "a", "--", "no-such-command-anywhere")
        #expect(missing.code == 127)
        #expect(missing.error.contains("no-such-command-anywhere"))
        #expect(try await lockstead.run("exec", "a", "--", "/etc/passwd").code == 126)
        #expect(try await lockstead.run("exec", "a", "--", "/tmp").code == 126)
        #expect(try await lockstead.run("exec", "a", "--", "").code == 127)
        holder.closeInput()
        #expect(try await holder.result().code == 0)
    }

    @Test("A script without its first line is run by the shell")
    func scriptWithoutFirstLine() async throws {
        let script = lockstead.folder + "/script"
        try "echo from script $1\n".write(toFile: script, atomically: true, encoding: .utf8)
        chmod(script, 0o755)
        #expect(try await lockstead.run("exec", "a", "--", script, "arg").output == "from script arg\n")
    }

    @Test(
        "A held lock: --no-wait ends with 75 and names the holder, --wait after its time, and neither runs the command")
    func notAcquired() async throws {
        let holder = try lockstead.start(["exec", "a", "--purpose", "a long job", "--", "sh", "-c", "echo in; cat"])
        try await holder.outputs("in")
        let refused = try await lockstead.run("exec", "a", "--no-wait", "--", "echo", "ran")
        #expect(refused.code == 75)
        #expect(refused.output == "")
        #expect(refused.error.contains("a long job") && refused.error.contains("pid \(holder.processID)"))
        let late = try await lockstead.run("exec", "a", "--wait", "200ms", "--", "echo", "ran")
        #expect(late.code == 75)
        #expect(late.output == "")
        holder.closeInput()
        #expect(try await holder.result().code == 0)
        #expect(try await lockstead.run("exec", "a", "--no-wait", "--", "echo", "ran").output == "ran\n")
    }

    @Test("Shared holders share, and permits count")
    func modes() async throws {
        let reader = try lockstead.start(["exec", "a", "--shared", "--", "sh", "-c", "echo in; cat"])
        try await reader.outputs("in")
        #expect(try await lockstead.run("exec", "a", "--shared", "--no-wait", "--", "true").code == 0)
        #expect(try await lockstead.run("exec", "a", "--no-wait", "--", "true").code == 75)
        let permit = try lockstead.start(["exec", "s", "--permits", "2", "--", "sh", "-c", "echo in; cat"])
        try await permit.outputs("in")
        let second = try lockstead.start(["exec", "s", "--permits", "2", "--", "sh", "-c", "echo in; cat"])
        try await second.outputs("in")
        #expect(try await lockstead.run("exec", "s", "--permits", "2", "--no-wait", "--", "true").code == 75)
        #expect(try await lockstead.run("exec", "s", "--permits", "3", "--no-wait", "--", "true").code == 64)
    }

    @Test("The in-process engine is refused, since nobody else would see its locks")
    func memoryEngine() async throws {
        let result = try await lockstead.run("exec", "a", "--", "echo", "ran", engine: "memory:")
        #expect(result.code == 64)
        #expect(result.output == "")
    }
}
