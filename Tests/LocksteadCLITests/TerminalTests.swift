import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// `exec` as a person at a terminal meets it.
@Suite(.timeLimit(.minutes(2)))
struct TerminalTests {
    private let lockstead: LocksteadProgram
    init() throws { lockstead = try LocksteadProgram() }

    /// A shell with job control on a terminal of its own.
    private func shell() throws -> PseudoTerminal {
        try PseudoTerminal(
            ["/bin/bash", "--norc", "--noprofile", "-i"],
            environment: [
                "PATH": "/usr/bin:/bin", "PS1": "prompt> ", "TERM": "dumb", "LOCKSTEAD_ENGINE": lockstead.engineURL,
                "L": LocksteadProgram.program, "HOME": lockstead.folder,
            ])
    }

    @Test("The child has the terminal: it reads from it, and is its foreground")
    func foreground() async throws {
        let terminal = try shell()
        terminal.type(
            "$L exec a -- sh -c 'ps -o stat= -p $$ | grep -q + && echo fore\"\"ground; read x; echo \"got:$x\"'\n")
        try await terminal.shows("foreground")
        terminal.type("hello\n")
        try await terminal.shows("got:hello")
        terminal.type("echo code:$?\n")
        try await terminal.shows("code:0")
    }

    @Test("Control-C ends the child, not more, and the shell has its terminal again")
    func interrupt() async throws {
        let terminal = try shell()
        terminal.type("$L exec a -- sh -c 'echo rea\"\"dy; exec sleep 300'\n")
        try await terminal.shows("ready")
        terminal.type("\u{03}")
        terminal.type("echo code:$?\n")
        try await terminal.shows("code:130")
        #expect(try await lockstead.run("exec", "a", "--no-wait", "--", "true").code == 0)
    }

    @Test("Control-Z gives the prompt back, and fg the terminal to the child")
    func suspend() async throws {
        let terminal = try shell()
        terminal.type("$L exec a --lease 60s -- cat\n")
        try await lockstead.awaitHolder(of: "a")
        terminal.type("one\n")
        try await terminal.shows("one\r\none\r\n")
        let job = terminal.foreground
        terminal.type("\u{1A}")
        try await terminal.shows("Stopped")
        terminal.type("echo at the prom''pt\n")
        try await terminal.shows("at the prompt\r\n")
        #expect(terminal.foreground != job)
        terminal.type("fg\n")
        try await terminal.awaitForeground(job)
        terminal.type("two\n")
        try await terminal.shows("two\r\ntwo\r\n")
        terminal.type("\u{04}")
        terminal.type("echo code:$?\n")
        try await terminal.shows("code:0")
    }

    @Test("A job that stays stopped for longer than its lease has lost its lock, and says so when it is continued")
    func stoppedTooLong() async throws {
        let terminal = try shell()
        terminal.type("$L exec a --lease 1s -- sh -c 'echo rea\"\"dy; exec cat'\n")
        try await terminal.shows("ready")
        terminal.type("\u{1A}")
        try await terminal.shows("Stopped")
        #expect(try await lockstead.run("exec", "a", "--wait", "20s", "--", "true").code == 0)
        terminal.type("fg\n")
        try await terminal.shows("was lost")
        terminal.type("echo code:$?\n")
        try await terminal.shows("code:76")
    }

    @Test("In a pipeline the terminal stays with the pipeline until the child asks for it")
    func pipeline() async throws {
        let terminal = try shell()
        terminal.type("$L exec a -- sh -c 'read x </dev/tty; echo \"got:$x\"' | cat\n")
        try await lockstead.awaitHolder(of: "a")
        terminal.type("hello\n")
        try await terminal.shows("got:hello")
        terminal.type("echo code:$?\n")
        try await terminal.shows("code:0")
    }

    @Test("A forced release asks a person first, and takes no for an answer")
    func confirmation() async throws {
        let holder = try lockstead.start(["exec", "a", "--purpose", "precious", "--", "sh", "-c", "echo in; cat"])
        try await holder.outputs("in")
        let terminal = try shell()
        terminal.type("$L force-release a --reason test\n")
        try await terminal.shows("precious")
        try await terminal.shows("[y/N]")
        terminal.type("n\n")
        terminal.type("echo code:$?\n")
        try await terminal.shows("code:75")
        terminal.type("$L force-release a --reason test\n")
        terminal.type("y\n")
        try await terminal.shows("revoked token")
        #expect(try await holder.result().code == 76)
    }

    @Test("Colour appears on a terminal, not in a pipe, and not where NO_COLOR forbids it")
    func colour() async throws {
        let terminal = try shell()
        terminal.type("TERM=xterm $L ls; echo first\n")
        try await terminal.shows("\u{1B}[1mNAME")
        terminal.type("TERM=xterm NO_COLOR=1 $L ls; TERM=xterm $L ls | cat; echo don''e\n")
        try await terminal.shows("done")
        #expect(terminal.text.components(separatedBy: "\u{1B}[1m").count == 2)
    }
}

extension LocksteadProgram {
    /// Waits until somebody holds a lock.
    func awaitHolder(of name: String) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if try await run("inspect", name, "--json").output.contains("\"phase\":\"held\"") { return }
        }
        Issue.record("nobody ever held \(name)")
    }
}
