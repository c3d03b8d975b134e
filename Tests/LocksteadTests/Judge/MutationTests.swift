import LocksteadTesting
import Testing

@Suite("The judge: mutations")
struct MutationTests {
    @Test("A story that can be true is clean, whatever is told beside it", arguments: Mutation.all)
    func valid(mutation: Mutation) throws {
        let judgement = try HistoryJudge().judge(mutation.story(changed: false).text)
        #expect(judgement.verdict == .clean, "\(judgement.violations)")
    }

    @Test("Each mutation is caught for what it is", arguments: Mutation.all)
    func caught(mutation: Mutation) throws {
        let judgement = try HistoryJudge().judge(mutation.story(changed: true).text)
        #expect(judgement.verdict == .violated)
        #expect(judgement.violations.contains { $0.kind == mutation.kind }, "\(judgement.violations)")
        print("mutation caught: \(mutation.name): \(mutation.kind.rawValue)")
    }

    @Test("The lines that are shown are enough: judged alone they show the same", arguments: Mutation.all)
    func excerpt(mutation: Mutation) throws {
        let text = mutation.story(changed: true).text
        let judgement = try HistoryJudge().judge(text)
        let violation = try #require(judgement.violations.first { $0.kind == mutation.kind })
        #expect(violation.excerpt.count == violation.lines.count)
        let again = try HistoryJudge().judge(violation.excerpt.joined(separator: "\n"))
        #expect(again.violations.contains { $0.kind == mutation.kind }, "\(violation) alone: \(again.violations)")
        #expect(violation.excerpt.count <= text.split(separator: "\n").count)
    }

    @Test("A mutation is found among thousands of lines of others, in either order", arguments: Mutation.all)
    func amongOthers(mutation: Mutation) throws {
        let noise = Simulated.history(seed: 11, steps: 300, prefix: "noise").text
        let (valid, broken) = (mutation.story(changed: false).text, mutation.story(changed: true).text)
        for text in [noise + valid, valid + noise] {
            let judgement = try HistoryJudge().judge(text)
            #expect(judgement.verdict == .clean, "\(judgement.violations)")
        }
        for text in [noise + broken, broken + noise] {
            let judgement = try HistoryJudge().judge(text)
            #expect(Set(judgement.violations.map(\.key)).allSatisfy { !$0.hasPrefix("noise") })
            #expect(judgement.violations.contains { $0.kind == mutation.kind })
        }
    }

    @Test("There are at least thirty mutations, and every kind of violation has one")
    func complete() {
        #expect(Mutation.all.count >= 30)
        #expect(Set(Mutation.all.map(\.name)).count == Mutation.all.count)
        #expect(Set(Mutation.all.map(\.kind)) == Set(Violation.Kind.allCases))
        print("mutations: \(Mutation.all.count) of \(Violation.Kind.allCases.count) kinds")
    }
}
