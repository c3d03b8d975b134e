import Foundation
import Lockstead
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// `repair`, `doctor`, `demo`, and wrong usage.
@Suite(.timeLimit(.minutes(2)))
struct OperationTests {
    private let lockstead: LocksteadProgram
    init() throws { lockstead = try LocksteadProgram() }

    /// Takes a lock, so that it has a state, and then damages the first bytes of both of the state's copies.
    private func damageState() async throws {
        #expect(try await lockstead.run("exec", "a", "--", "true").code == 0)
        let folder = lockstead.folder + "/locks"
        let state = try #require(
            FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".state") })
        let path = folder + "/" + state
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        for position in bytes.indices { bytes[position] ^= 0x5A }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.write(contentsOf: bytes)
        try handle.close()
    }

    @Test("It says its version, the one that the package has")
    func version() async throws {
        let said = try await lockstead.run("--version")
        #expect(said.code == 0 && said.error.isEmpty)
        let version = said.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(version == PackageVersion.current)
        #expect(version.wholeMatch(of: /\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?/) != nil, "by Semantic Versioning")
    }

    @Test("A damaged state is refused, told by doctor, mended by repair, and its tokens stay above the old ones")
    func repair() async throws {
        let old = try await lockstead.run("exec", "a", "--", "sh", "-c", "echo $LOCKSTEAD_TOKEN").output
        try await damageState()
        #expect(try await lockstead.run("exec", "a", "--", "true").code == 69)
        let diagnosis = try await lockstead.run("doctor", "--json")
        #expect(diagnosis.code == 69)
        #expect(diagnosis.output.contains(#""subject":"state","verdict":"failure""#))
        let dry = try await lockstead.run("repair", "--dry-run")
        #expect(dry.code == 0 && dry.output.contains("repair would mend it"))
        #expect(try await lockstead.run("exec", "a", "--", "true").code == 69)
        let repair = try await lockstead.run("repair", "--json")
        #expect(repair.code == 0 && repair.output.contains("\"isMended\":true"))
        let new = try await lockstead.run("exec", "a", "--", "sh", "-c", "echo $LOCKSTEAD_TOKEN").output
        let tokens = [old, new].map { UInt64($0.trimmingCharacters(in: .newlines)) ?? 0 }
        #expect(tokens[0] > 0 && tokens[0] < tokens[1])
        #expect(try await lockstead.run("doctor").code == 0)
    }

    @Test("repair is for the file engine alone")
    func repairElsewhere() async throws {
        #expect(try await lockstead.run("repair", engine: "memory:").code == 64)
    }

    @Test("doctor finds a sound folder sound, and its JSON is an object with the engine and every finding")
    func doctor() async throws {
        #expect(try await lockstead.run("exec", "a", "--", "true").code == 0)
        let result = try await lockstead.run("doctor", "--json")
        #expect(result.code == 0)
        let report = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let findings = try #require(report["findings"] as? [[String: Any]])
        #expect(report["engine"] as? String == lockstead.engineURL)
        let subjects = findings.compactMap { $0["subject"] as? String }
        #expect(Set(["storage", "access", "space", "state", "clocks", "trial"]).isSubset(of: subjects))
    }

    @Test("doctor fails on storage that carries no locks, and warns of a folder everyone may write")
    func unfitFolders() async throws {
        let proc = try await lockstead.run("doctor", engine: "file:///proc/self/locks")
        #expect(proc.code == 69)
        #expect(proc.output.contains("failure  storage"))
        let open = lockstead.folder + "/open"
        try FileManager.default.createDirectory(atPath: open, withIntermediateDirectories: false)
        chmod(open, 0o777)
        let result = try await lockstead.run("doctor", engine: "file://\(open)")
        #expect(result.code == 0)
        #expect(result.output.contains("warning  access"))
    }

    @Test("The demonstration shows a loss without a lock, none under it, and a refused stale write")
    func demo() async throws {
        let result = try await lockstead.run("demo", environment: ["TMPDIR": lockstead.folder])
        #expect(result.code == 0)
        let lines = result.output.split(separator: "\n")
        let lost = lines.first { $0.hasPrefix("unguarded lost ") }?.split(separator: " ").last.flatMap { Int($0) }
        #expect(try #require(lost) > 0)
        #expect(lines.contains("guarded lost 0"))
        let refusal = try #require(lines.first { $0.hasPrefix("stale write refused: token ") }).split(separator: " ")
        #expect(UInt64(refusal[4]) ?? .max < UInt64(refusal[6]) ?? 0)
        let left = try FileManager.default.contentsOfDirectory(atPath: lockstead.folder).filter { $0.contains("demo") }
        #expect(left == [])
    }

    @Test(
        "Wrong usage ends with 64, says so on standard error, and prints nothing",
        arguments: [
            ["exec"], ["exec", "a"], ["exec", "a", "--"], ["exec", "", "--", "true"], ["exec", "a//b", "--", "true"],
            ["exec", "a", "--lease", "5", "--", "true"], ["exec", "a", "--lease", "0s", "--", "true"],
            ["exec", "a", "--lease", "900d", "--", "true"], ["exec", "a", "--permits", "0", "--", "true"],
            ["exec", "a", "--wait", "1s", "--no-wait", "--", "true"], ["exec", "a", "--nonsense", "--", "true"],
            ["force-release", "a"], ["inspect", ".."], ["ls", "--limit", "0"], ["nonsense"],
            ["ls", "--engine", "nonsense"],
        ])
    func wrongUsage(_ arguments: [String]) async throws {
        let result = try await lockstead.start(arguments).result()
        #expect(result.code == 64)
        #expect(result.output == "")
        #expect(!result.error.isEmpty)
    }

    @Test("Names of live locks complete where a lock's name is wanted")
    func completion() async throws {
        let holder = try lockstead.start(["exec", "jobs/nightly", "--", "sh", "-c", "echo in; cat"])
        try await holder.outputs("in")
        let script = try await lockstead.run("--generate-completion-script", "bash")
        #expect(script.code == 0 && script.output.contains("force-release"))
        let names = try await lockstead.run(
            "---completion", "inspect", "--", "positional@0", "2", "0", "lockstead", "inspect", "jobs/")
        #expect(names.output.contains("jobs/nightly"))
        holder.closeInput()
        #expect(try await holder.result().code == 0)
    }
}
