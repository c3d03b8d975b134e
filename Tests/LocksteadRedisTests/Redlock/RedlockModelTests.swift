import Testing

@testable import LocksteadRedis

@Suite("Redlock in a model of nodes, clients and a bad network")
struct RedlockModelTests {
    @Test(
        "No two believe to hold, and tokens rise strictly; where keys end early they are unique",
        arguments: RedlockModel.Harm.allCases, UInt64(1)...6)
    func holds(harm: RedlockModel.Harm, seed: UInt64) {
        var model = RedlockModel(seed: seed, harm: harm, planted: nil)
        #expect(model.run(grants: 80) == [], "seed \(seed)")
        #expect(model.overlaps == [], "seed \(seed)")
        #expect(model.reported.count == 80, "seed \(seed)")
        #expect(harm != .forgets || !model.forgotten.isEmpty, "seed \(seed)")
    }

    @Test("Each planted mistake is found", arguments: RedlockModel.Planted.allCases)
    func finds(planted: RedlockModel.Planted) {
        let harm: RedlockModel.Harm = planted.symptom == .tokens ? .endsEarly : .forgets
        let found = (UInt64(1)...60).first { seed in
            var model = RedlockModel(seed: seed, harm: harm, planted: planted)
            let wrong = model.run(grants: 100)
            return planted.symptom == .tokens ? !wrong.isEmpty : !model.overlaps.isEmpty
        }
        #expect(found != nil, "\(planted) went unnoticed through 60 seeds")
    }
}
