import Lockstead
import LocksteadTesting
import Testing

/// The one case that everybody understands, by itself, for `dev/show/02-counter`.
@Suite("A shared counter", .serialized)
struct CounterTests {
    @Test(
        "A thousand tasks that add one lose updates without the lock, and none with it",
        arguments: engineFixtures.map(\.engine))
    func counter(engine: String) async throws {
        let fixture = try #require(engineFixtures.first { $0.engine == engine })
        let testCase = try #require(ConformanceSuite.cases.first { $0.id == "exclusive/counter" })
        let result = await ConformanceSuite.run(testCase, on: fixture)
        #expect(result.verdict == .passed, "\(engine)")
        print("counter on \(engine): \(result.figures.joined(separator: ", "))")
    }
}
