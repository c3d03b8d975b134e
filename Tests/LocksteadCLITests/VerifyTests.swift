import Foundation
import LocksteadTesting
import Testing

@Suite("lockstead verify", .timeLimit(.minutes(1)))
struct VerifyTests {
    private let program: LocksteadProgram

    init() throws { program = try LocksteadProgram() }

    private static let grant = """
        {"e":"invoke","ts":10,"p":1,"req":"a","op":"acquire","key":"k","mode":"x","ttl_ms":5000}
        {"e":"ok","ts":20,"p":1,"req":"a","token":7}
        """
    private static let overlap = """
        {"e":"invoke","ts":30,"p":2,"req":"b","op":"acquire","key":"k","mode":"x","ttl_ms":5000}
        {"e":"ok","ts":40,"p":2,"req":"b","token":8}
        """
    private static let release = """
        {"e":"invoke","ts":25,"p":1,"req":"c","op":"release","key":"k","token":7}
        {"e":"ok","ts":26,"p":1,"req":"c"}
        """
    private static let noise = """
        {"e":"invoke","ts":5,"p":9,"req":"z","op":"acquire","key":"other","mode":"x"}
        {"e":"ok","ts":6,"p":9,"req":"z","token":1}
        """

    private func file(_ name: String, _ parts: String...) throws -> String {
        let path = "\(program.folder)/\(name)"
        try parts.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private struct Report: Decodable {
        struct Violation: Decodable {
            let kind: String
            let lines: [Int]
            let excerpt: [String]
        }
        struct Statistics: Decodable {
            let operations: Int
            let lostUpdates: Int
        }
        let verdict: String
        let violations: [Violation]
        let statistics: Statistics
    }

    private func report(_ text: String) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(text.utf8))
    }

    @Test("A clean history ends with 0 and says what was judged, from a file and from standard input")
    func clean() async throws {
        let path = try file("clean", Self.noise, Self.grant, Self.release, Self.overlap)
        let result = try await program.run("verify", path)
        #expect(result.code == 0)
        #expect(result.output.hasSuffix("clean\n"))
        #expect(result.output.contains("4 operations; 3 grants; 2 names"))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let piped = try await program.run("verify", "-", input: text)
        #expect(piped.code == 0)
        #expect(piped.output == result.output)
    }

    @Test("A violation ends with 1 and prints the few lines that show it, in JSON too")
    func violated() async throws {
        let path = try file("violated", Self.noise, Self.grant, Self.overlap)
        let result = try await program.run("verify", path)
        #expect(result.code == 1)
        #expect(result.output.contains("k: earlyExpiry: "))
        #expect(result.output.contains(#"  6: {"e":"ok","ts":40,"p":2"#))
        #expect(!result.output.contains("other"))
        #expect(result.error.isEmpty)
        let json = try await program.run("verify", path, "--json")
        let report = try report(json.output)
        #expect(json.code == 1)
        #expect(report.verdict == "violated")
        #expect(report.violations.first?.lines == [3, 4, 5, 6])
        #expect(report.violations.first?.excerpt.count == 4)
    }

    @Test("A search that is given up ends with 2, and one that is not decides")
    func unknown() async throws {
        let path = try file("unknown", Self.grant, Self.release, Self.overlap)
        let given = try await program.run("verify", path, "--search", "--limit", "1")
        #expect(given.code == 2)
        #expect(given.output.contains("k: undecided"))
        #expect(given.output.hasSuffix("unknown\n"))
        #expect(try await program.run("verify", path, "--search").code == 0)
        let bad = try file("bad", Self.grant, Self.overlap)
        #expect(try await program.run("verify", bad, "--search").code == 1)
    }

    @Test("What is no history ends with 65 and names the line; nothing is printed on standard output")
    func noHistory() async throws {
        for (text, line) in [("hello\n", 1), (Self.grant + "\n{\"e\":\"ok\",\"ts\":2", 3), (Self.grant + "\n{}\n", 3)] {
            let result = try await program.run("verify", try file("torn", text))
            #expect(result.code == 65)
            #expect(result.error.contains("line \(line):"), "\(result.error)")
            #expect(result.output.isEmpty)
        }
        let missing = try await program.run("verify", "\(program.folder)/nowhere")
        #expect(missing.code == 71)
        #expect(try await program.run("verify", program.folder).code == 71)
        for arguments in [[], ["x", "--limit", "0"], ["x", "--rate-error", "900"], ["x", "--slack", "5"]] {
            let result = try await program.start(["verify"] + arguments).result()
            #expect(result.code == 64, "\(arguments)")
        }
    }

    @Test("A control must lose updates, and only that")
    func control() async throws {
        let write = #"{"e":"write","ts":50,"p":1,"key":"k","token":7,"value":1,"accepted":true}"#
        let lost = try file("lost", Self.grant, write, #"{"e":"final","ts":60,"key":"k","values":[]}"#)
        let kept = try file("kept", Self.grant, write, #"{"e":"final","ts":60,"key":"k","values":["1"]}"#)
        #expect(try await program.run("verify", lost).code == 1)
        #expect(try await program.run("verify", lost, "--control").code == 0)
        #expect(try await program.run("verify", kept).code == 0)
        #expect(try await program.run("verify", kept, "--control").code == 1)
        let json = try await program.run("verify", lost, "--json")
        #expect(try report(json.output).statistics.lostUpdates == 1)
    }

    @Test("The operations can be written as a plain list")
    func export() async throws {
        let path = try file("history", Self.grant, Self.release, Self.overlap)
        let list = "\(program.folder)/list"
        #expect(try await program.run("verify", path, "--export-operations", list).code == 0)
        #expect(
            try String(contentsOfFile: list, encoding: .utf8) == """
                key\tclient\tcall\treturn\toperation\tgrant\tmode\toutcome
                k\t1\t10\t20\tacquire\t7\tx\tok
                k\t1\t25\t26\trelease\t7\tx\tok
                k\t2\t30\t40\tacquire\t8\tx\tok

                """)
    }
}
