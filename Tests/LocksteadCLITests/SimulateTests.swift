import Foundation
import Testing

/// `lockstead simulate` as a person meets it.
@Suite(.timeLimit(.minutes(2)))
struct SimulateTests {
    private let lockstead: LocksteadProgram
    init() throws { lockstead = try LocksteadProgram() }

    private func lines(_ text: String) throws -> [[String: Any]] {
        try text.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    @Test("two processes come to the same digests, layer by layer")
    func sameDigests() async throws {
        var digests: [[String]] = []
        for _ in 0..<2 {
            let run = try await lockstead.run("simulate", "--seeds", "4", "--steps", "300", "--json")
            #expect(run.code == 0)
            let reports = try lines(run.output)
            #expect(reports.compactMap { $0["layer"] as? String } == ["table", "session"])
            digests.append(reports.compactMap { $0["digest"] as? String })
        }
        #expect(digests[0].count == 2 && digests[0] == digests[1])
    }

    @Test("a broken promise ends with 70, with the seed, the step and the command that replays it")
    func failure() async throws {
        let run = try await lockstead.run(
            "simulate", "--layer", "table", "--seed", "1", "--planted", "canary", "--steps", "500")
        #expect(run.code == 70)
        #expect(run.output.contains("seed 1, step "))
        let replay = "replay it: lockstead simulate --layer table --seed 1 --steps 500 --planted canary --trace"
        #expect(run.output.contains(replay))
        let again = try await lockstead.run(
            "simulate", "--layer", "table", "--seed", "1", "--steps", "500", "--planted", "canary", "--trace")
        #expect(again.code == 70 && again.output.contains("→ granted token"))
    }

    @Test("an unknown mistake, a trace without a seed and a count of nothing are wrong usage")
    func wrongUsage() async throws {
        #expect(try await lockstead.run("simulate", "--planted", "none-such").code == 64)
        #expect(try await lockstead.run("simulate", "--trace").code == 64)
        #expect(try await lockstead.run("simulate", "--seeds", "0").code == 64)
    }
}
