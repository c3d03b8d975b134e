import LocksteadSimulator
import Testing

@Suite("The simulator notices")
struct PlantedMistakesTests {
    private static let ofSessions = SimulatedBug.all(in: .session).filter { $0 != .canary }

    /// Where each was found last, as `lockstead simulate --planted all` prints it: a debug build walks slowly.
    ///
    /// A walk that goes another way needs other seeds: run the program again and write down what it finds.
    private static let seeds: [String: UInt64] = [
        "grantProvedBesidePendingRevocation": 32_542,
        "deadlineMovesOnConfirmation": 2, "confirmsBesidePendingExpire": 4, "confirmsBesidePendingRevocation": 874,
        "actsBeforeBarrier": 62, "confirmsWithoutRound": 1, "earlierRoundCounts": 9, "newLeaderCountsShort": 1,
        "generationCountsHeartbeats": 1, "leaseFromAnswer": 49, "leaseFromRetry": 21, "oneSidedRateError": 21,
        "stateCached": 14, "heldUntilReleaseAnswered": 1, "renewalAfterRelease": 1, "sessionAdoptedAfterLoss": 1,
        "lateGrantAccepted": 1, "grantOutlivesItsProof": 186, "endedGrantRetold": 70, "anyAnswerRenews": 9,
        "acknowledgedUnheeded": 34, "closedWhileHeld": 3, "retryIsNewRequest": 1, "cancelOvertakesRequest": 4,
        "tailLostInRestart": 5, "logTimeOfOwnClock": 5, "guardIgnoresToken": 10, "guardChecksWritesOnly": 122,
    ]

    @Test(
        "each mistake planted around sessions is found (RULES 1, 2, 3, 4, 8, 19, 22a, 22b, 22c, 22d, 22e, 22f, 35)",
        arguments: ofSessions)
    func found(bug: SimulatedBug) throws {
        let first = try #require(Self.seeds[bug.name], "\(bug.name) has no seed")
        let search = BugSearch(for: bug, in: .session, seeds: 20, steps: 2_000, from: first)
        let finding = try #require(search.finding, "\(bug.name) went unseen for 20 seeds from \(first) on")
        print("planted \(bug.name): seed \(finding.seed), step \(finding.steps): \(finding.problem?.prefix(160) ?? "")")
    }

    @Test("a canary fails with every seed, in every layer", arguments: SimulatedLayer.allCases)
    func canary(layer: SimulatedLayer) {
        for seed in 1...10 as ClosedRange<UInt64> {
            let result = layer.run(seed: seed, steps: 1_000, options: SimulationOptions(bug: .canary))
            #expect(result.problem != nil, "seed \(seed)")
        }
    }

    @Test("there are at least 25 mistakes to plant, each with a name of its own in its layer")
    func mistakes() {
        var count = 0
        for layer in SimulatedLayer.allCases {
            let names = SimulatedBug.all(in: layer).map(\.name)
            #expect(Set(names).count == names.count)
            count += names.count - 1
        }
        #expect(count >= 25)
    }
}
