import Lockstead
import LocksteadTesting
import Testing

/// One after the other: cases that measure time must not starve each other.
@Suite("Conformance", .serialized, .zooKeeper(.oneServer))
struct ConformanceTests {
    @Test(
        "Every engine does what every engine does", arguments: engineFixtures.map(\.engine),
        ConformanceSuite.cases.map(\.id))
    func conforms(engine: String, id: String) async throws {
        let fixture = try #require(engineFixtures.first { $0.engine == engine })
        let testCase = try #require(ConformanceSuite.cases.first { $0.id == id })
        let result = await ConformanceSuite.run(testCase, on: fixture)
        try KindsRecord.append(result)
        if case .failed(let why) = result.verdict {
            Issue.record("\(engine): \(testCase.sentence) [\(testCase.covers.joined(separator: ", "))]: \(why)")
        }
    }

    @Test("Cases have ids of their own, say what they cover, and touch every kind of lock")
    func catalogue() {
        let cases = ConformanceSuite.cases
        #expect(Set(cases.map(\.id)).count == cases.count)
        for testCase in cases {
            #expect(!testCase.covers.isEmpty && !testCase.kinds.isEmpty, "\(testCase.id)")
            #expect(testCase.sentence.first?.isUppercase == true, "\(testCase.id)")
        }
        let kinds = Set(cases.flatMap(\.kinds))
        #expect(kinds == Set(ConformanceKind.allCases))
    }

    @Test("A fixture's engine is the one that its backends say they are")
    func names() async throws {
        for fixture in engineFixtures {
            let store = try await fixture.makeStore()
            let backend = try await store.makeBackend()
            #expect(backend.capabilities.engine == fixture.engine)
            await store.close()
        }
    }
}
