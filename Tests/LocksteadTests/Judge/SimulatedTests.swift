import LockCore
import LocksteadTesting
import Testing

@Suite("The judge: histories of a real LockTable")
struct SimulatedTests {
    private static let kinds: [(name: String, options: Simulated.Options)] = {
        var (shared, permits, several, mixed, plain) = (
            Simulated.Options(), Simulated.Options(), Simulated.Options(), Simulated.Options(), Simulated.Options()
        )
        shared.modes = [.exclusive, .shared, .shared]
        permits.modes = [.permits(count: 1, limit: 3), .permits(count: 2, limit: 3)]
        several.usesSeveralNames = true
        mixed.modes = [.exclusive, .shared, .permits(count: 1, limit: 2), .permits(count: 1, limit: 3)]
        (mixed.usesSeveralNames, mixed.clients) = (true, 9)
        (plain.losesAnswers, plain.usesTerms, plain.forces) = (false, false, false)
        return [
            ("exclusive", Simulated.Options()), ("shared", shared), ("permits", permits), ("several names", several),
            ("everything", mixed), ("no faults", plain),
        ]
    }()

    @Test("Seeded histories of every kind of lock are never judged wrong", arguments: kinds.map(\.name))
    func valid(kind: String) throws {
        let options = try #require(Self.kinds.first { $0.name == kind }?.options)
        var operations = 0
        for seed in 1...40 as ClosedRange<UInt64> {
            let judgement = try HistoryJudge().judge(Simulated.history(seed: seed, steps: 400, options).text)
            #expect(judgement.verdict == .clean, "seed \(seed): \(judgement.violations.prefix(1))")
            operations += judgement.statistics.operations
        }
        print("valid histories: \(kind): 40 seeds, \(operations) operations, none judged wrong")
    }

    @Test("Without tokens the search finds an order for them, too", arguments: kinds.map(\.name))
    func validWithoutTokens(kind: String) throws {
        var options = try #require(Self.kinds.first { $0.name == kind }?.options)
        (options.hasTokens, options.forces) = (false, false)
        for seed in 1...15 as ClosedRange<UInt64> {
            let judgement = try HistoryJudge().judge(Simulated.history(seed: seed, steps: 300, options).text)
            #expect(judgement.verdict == .clean, "seed \(seed): \(judgement.violations.prefix(1))")
            #expect(judgement.statistics.searchedKeys > 0)
        }
    }

    #if DEBUG
        static let bugs: [(bug: PlantedBug, kind: String, found: Set<Violation.Kind>)] = [
            (.releaseWithoutToken, "exclusive", [.foreignOwner]),
            (.lastInFirstOut, "no faults", [.queueOrder]),
            (.tokenReusedForNextGrant, "everything", [.duplicateToken]),
            (.readersOvertakeWriter, "shared", [.queueOrder]),
            (.permitMiscounted, "permits", [.tooManyPermits, .earlyExpiry]),
            (.lockDelaySkipped, "exclusive", [.lockDelay]),
            (.onlyFirstNameChecked, "several names", [.overlap, .earlyExpiry]),
            (.acknowledgementWithoutDelay, "exclusive", [.lockDelay]),
        ]

        @Test(
            "A table that makes a mistake leaves histories that are judged for that mistake",
            arguments: bugs.map(\.bug))
        func planted(bug: PlantedBug) throws {
            let planted = try #require(Self.bugs.first { $0.bug == bug })
            let options = try #require(Self.kinds.first { $0.name == planted.kind }?.options)
            for seed in 1...60 as ClosedRange<UInt64> {
                let judgement = try HistoryJudge().judge(
                    Simulated.history(seed: seed, steps: 400, options, bug: bug).text)
                if judgement.violations.contains(where: { planted.found.contains($0.kind) }) {
                    return print("planted bug caught: \(bug) by seed \(seed)")
                }
            }
            Issue.record("no history of sixty shows \(bug)")
        }
    #endif
}
