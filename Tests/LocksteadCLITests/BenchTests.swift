import Foundation
import Testing

/// What `lockstead bench` says of engines and of other programs; what it measures depends on the machine, and is not asked for here.
@Suite("lockstead bench", .timeLimit(.minutes(2)))
struct BenchTests {
    private let program: LocksteadProgram

    init() throws { program = try LocksteadProgram() }

    private struct Report: Decodable {
        struct Result: Decodable {
            let workload: String
            let clients: Int
            let pairs: Int
            let violations: Int
            let errors: [String]?
        }
        struct Comparison: Decodable {
            struct Ratios: Decodable {
                let pairsPerSecond: Double?
                let acquireP99: Double?
            }
            let ours: [Result]
            let peers: [Result]
            let ratios: Ratios
        }
        let results: [Result]
        let comparisons: [Comparison]
        let peer: String?
    }

    private func report(_ text: String) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(text.utf8))
    }

    /// A result as another program prints it, with no more than every program knows.
    private static let result = """
        {"workload": "con2", "clients": 2, "window": 1, "pairs": 1000000000, "pairsPerSecond": 1000000000,
         "acquire": {"count": 1, "p50": 1, "p99": 1000, "max": 1000, "mean": 1}, "fairness": 1, "leastOfAClient": 1,
         "mostOfAClient": 1, "failures": 0, "violations": 0, "load": [0, 0], "processors": 2}
        """

    private func file(_ name: String, _ text: String) throws -> String {
        let path = "\(program.folder)/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test("Contended workloads say how many clients, and for how long they hold and think")
    func forms() async throws {
        let result = try await program.run(
            "bench", "con3h2t5", "--window", "200ms", "--warm-up", "0s", "--json", engine: "memory:")
        #expect(result.code == 0, "\(result.error)")
        let run = try #require(try report(result.output).results.first)
        #expect(run.workload == "con3h2t5" && run.clients == 3 && run.violations == 0)
        // Each holds for 2 ms, and nobody begins after the window.
        #expect((1...103).contains(run.pairs), "\(run.pairs)")
    }

    @Test("A workload of no such form is refused", arguments: ["con0", "con3h", "con3t5h2", "con3h9000", "con3x"])
    func noForm(_ workload: String) async throws {
        let result = try await program.run("bench", workload, engine: "memory:")
        #expect(result.code == 64 && result.error.contains("No workload is called"), "\(result.error)")
    }

    @Test("Another program is told the workload, and its result is compared by turns")
    func peer() async throws {
        let (told, answer) = ("\(program.folder)/told", try file("answer", Self.result))
        let result = try await program.run(
            "bench", "con2h3t4", "--window", "100ms", "--warm-up", "0s", "--rounds", "2", "--json", "--peer",
            "f() { echo \"$@\" >> \(told); cat \(answer); }; f", engine: "memory:")
        #expect(result.code == 0, "\(result.error)")
        let comparison = try #require(try report(result.output).comparisons.first)
        #expect(comparison.ours.count == 2 && comparison.peers.map(\.pairs) == [1_000_000_000, 1_000_000_000])
        #expect(try #require(comparison.ratios.pairsPerSecond) < 0.1)
        #expect(try #require(comparison.ratios.acquireP99) < 0.01)
        let words = try String(contentsOfFile: told, encoding: .utf8).split(separator: "\n")
        let expected =
            "--workload con2h3t4 --shape contended --clients 2 --hold-ms 3.0 --think-ms 4.0 --window 0.1 --warm-up 0.0"
        #expect(words == [expected[...], expected[...]])
    }

    @Test(
        "A program that fails, or that prints something else, ends the bench with a reason",
        arguments: [("exit 3;", "ended with 3"), ("echo 5 #", "printed no result"), ("kill -9 $$;", "ended with 137")])
    func badPeer(_ command: String, _ reason: String) async throws {
        let result = try await program.run("bench", "unc1", "--window", "50ms", "--peer", command, engine: "memory:")
        #expect(result.code == 70 && result.error.contains(reason), "\(result.code): \(result.error)")
    }

    @Test(
        "Workloads that another program cannot run are refused", arguments: ["race10", "waits", "spins", "payload4k"])
    func notForPeers(_ workload: String) async throws {
        let result = try await program.run("bench", workload, "--peer", "true", engine: "memory:")
        #expect(result.code == 64 && result.error.contains("--peer runs"), "\(result.error)")
    }

    @Test(
        "One name and one witness: two programs are seen to meet where nothing keeps them apart, and not where a lock does"
    )
    func witness() async throws {
        // Two in-process engines know nothing of each other; two programs on one file engine do.
        let apart = try await two(on: "memory:", "apart")
        #expect(apart.map(\.code) == [70, 70])
        #expect(try apart.allSatisfy { try (report($0.output).results.first?.violations ?? 0) > 0 })
        let kept = try await two(on: program.engineURL, "kept")
        #expect(kept.map(\.code) == [0, 0], "\(kept.map(\.error))")
        #expect(try kept.allSatisfy { try (report($0.output).results.first?.pairs ?? 0) > 0 })
        #expect(!FileManager.default.fileExists(atPath: "\(program.folder)/kept"))
    }

    private func two(on engine: String, _ witness: String) async throws -> [LocksteadProgram.Result] {
        let arguments = [
            "bench", "con2h5", "--name", "met", "--witness", "\(program.folder)/\(witness)", "--window", "2s", "--json",
        ]
        let first = try program.start(arguments, engine: engine)
        let second = try program.start(arguments, engine: engine)
        return [try await first.result(), try await second.result()]
    }

    @Test("A witness needs one name, and a folder to be made in")
    func badWitness() async throws {
        let many = try await program.run("bench", "unc2", "--witness", "\(program.folder)/w", engine: "memory:")
        #expect(many.code == 64 && many.error.contains("--witness watches one name"))
        let nowhere = try await program.run("bench", "con2", "--witness", "/nowhere/w", engine: "memory:")
        #expect(nowhere.code != 0 && nowhere.error.contains("No file can be made in /nowhere/"), "\(nowhere.error)")
    }
}
