import Foundation
import Testing

/// What `ls`, `inspect`, `watch` and `force-release` tell.
@Suite(.timeLimit(.minutes(2)))
struct ViewTests {
    private let lockstead: LocksteadProgram
    init() throws { lockstead = try LocksteadProgram() }

    private func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("ls lists holders in an aligned table, and as JSON with tokens as text")
    func list() async throws {
        let holder = try lockstead.start([
            "exec", "jobs/long name", "--purpose", "a \"quoted\" purpose", "--", "sh", "-c", "echo in; cat",
        ])
        try await holder.outputs("in")
        let table = try await lockstead.run("ls")
        let lines = table.output.split(separator: "\n")
        try #require(lines.count == 2)
        #expect(lines[0].hasPrefix("NAME            MODE       HOLDER"))
        #expect(lines[1].hasPrefix("jobs/long name  exclusive  "))
        #expect(lines[1].contains("pid \(holder.processID)") && lines[1].hasSuffix("a \"quoted\" purpose"))
        #expect(!table.output.contains("\u{1B}"))
        let text = try await lockstead.run("ls", "jobs/", "--json").output
        let locks = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
        let first = try #require((locks.first?["holders"] as? [[String: Any]])?.first)
        #expect(first["token"] is String)
        #expect((first["note"] as? [String: Any])?["purpose"] as? String == "a \"quoted\" purpose")
        #expect(try await lockstead.run("ls", "other/", "--json").output == "[]\n")
        holder.closeInput()
        #expect(try await holder.result().code == 0)
    }

    @Test(
        "An answer that cannot be written is a failure, not half an answer",
        arguments: ["ls", "ls --json", "inspect a"])
    func fullDisk(command: String) async throws {
        try #require(FileManager.default.fileExists(atPath: "/dev/full"), "a device on which every write fails")
        let line = "\(LocksteadProgram.program) \(command) > /dev/full"
        let result = try await lockstead.run("exec", "a", "--", "sh", "-c", line)
        #expect(result.code == 71)
        #expect(result.error.contains("standard output"))
    }

    @Test("watch ends at the first line that cannot be written", arguments: ["watch", "watch --json"])
    func fullDiskWatching(command: String) async throws {
        try #require(FileManager.default.fileExists(atPath: "/dev/full"), "a device on which every write fails")
        let program = LocksteadProgram.program
        // Until the watch has begun there is nothing for it to tell.
        let script = """
            \(program) \(command) > /dev/full & watch=$!
            while kill -0 $watch 2> /dev/null; do \(program) exec a -- true; done
            wait $watch
            """
        let result = try await lockstead.run("exec", "other", "--", "sh", "-c", script)
        #expect(result.code == 71)
        #expect(result.error.contains("standard output"))
    }

    @Test("inspect tells holder and waiters of a held lock, and that a free one is free")
    func inspect() async throws {
        let holder = try lockstead.start(["exec", "a", "--", "sh", "-c", "echo in; cat"])
        try await holder.outputs("in")
        let waiter = try lockstead.start(["exec", "a", "--shared", "--", "true"])
        try await lockstead.awaitWaiters(1, of: "a")
        let text = try await lockstead.run("inspect", "a").output
        #expect(text.contains("pid \(holder.processID)") && text.contains("pid \(waiter.processID)"))
        let report = try json(try await lockstead.run("inspect", "a", "--json").output)
        #expect(report["waiterCount"] as? Int == 1)
        holder.closeInput()
        #expect(try await waiter.result().code == 0)
        #expect(try await lockstead.run("inspect", "a").output == "a is free: nobody holds or awaits it.\n")
        #expect(try json(try await lockstead.run("inspect", "a", "--json").output)["kind"] as? String == "free")
    }

    @Test("watch tells grants and releases as they happen, a JSON object per line")
    func watch() async throws {
        let watch = try lockstead.start(["watch", "jobs/", "--json"])
        // Watching begins when the process is ready; until then runs go unseen.
        var runs = 0
        while !watch.outputSoFar.contains("granted"), runs < 200 {
            #expect(try await lockstead.run("exec", "jobs/a", "--", "true").code == 0)
            runs += 1
        }
        #expect(try await lockstead.run("exec", "other", "--", "true").code == 0)
        try await watch.outputs("released")
        for line in watch.outputSoFar.split(separator: "\n") {
            let change = try json(String(line))
            #expect(change["name"] as? String == "jobs/a")
            #expect(change["token"] is String || change["event"] as? String == "queued")
        }
        watch.signal(SIGTERM)
        #expect(try await watch.result().code == -SIGTERM)
    }

    @Test("force-release says what it revoked and what comes next; with --now that exclusion is waived")
    func forceRelease() async throws {
        let free = try await lockstead.run("force-release", "a", "--reason", "test")
        #expect(free.code == 0 && free.output == "a was not held: nothing to release.\n")
        let holder = try lockstead.start(["exec", "a", "--", "sh", "-c", "echo $LOCKSTEAD_TOKEN; exec cat"])
        try await holder.outputs("\n")
        let token = holder.outputSoFar.trimmingCharacters(in: .newlines)
        let report = try json(try await lockstead.run("force-release", "a", "--reason", "test", "--json").output)
        #expect(report["revoked"] as? [String] == [token])
        #expect(report["waivedExclusion"] as? Bool == false)
        #expect(try await holder.result().code == 76)
        let second = try lockstead.start(["exec", "a", "--", "sh", "-c", "echo $LOCKSTEAD_TOKEN; exec cat"])
        try await second.outputs("\n")
        let waived = try await lockstead.run("force-release", "a", "--reason", "test", "--now")
        #expect(waived.output.contains("Mutual exclusion is waived"))
        #expect(try await second.result().code == 76)
    }

    @Test("Control characters in what others wrote never reach the terminal")
    func hostilePurpose() async throws {
        let holder = try lockstead.start([
            "exec", "a", "--purpose", "\u{1B}[31mred\u{7}\u{202E}", "--", "sh", "-c", "echo in; cat",
        ])
        try await holder.outputs("in")
        for arguments in [["ls"], ["inspect", "a"]] {
            let output = try await lockstead.start(arguments).result().output
            #expect(output.contains("red") && !output.contains("\u{1B}") && !output.contains("\u{202E}"))
        }
        holder.closeInput()
        #expect(try await holder.result().code == 0)
    }
}
