import LocksteadTesting
import Testing
import TestServers

/// The other ways to the same locks: RESP2, TLS, and Valkey where it is installed (and always in CI).
@Suite("Conformance of Redis by other ways", .serialized)
struct RedisVariantsTests {
    static let variants = RedisConformance.Variant.allCases.filter { variant in
        variant != .usual && (variant != .valkey || RedisServer.Kind.valkey.isRequired)
    }

    @Test("Every case holds by every way", arguments: variants, ConformanceSuite.cases.map(\.id))
    func conforms(variant: RedisConformance.Variant, id: String) async throws {
        let testCase = try #require(ConformanceSuite.cases.first { $0.id == id })
        let result = await ConformanceSuite.run(testCase, on: RedisConformance(variant: variant))
        if case .failed(let why) = result.verdict { Issue.record("\(variant): \(testCase.sentence): \(why)") }
    }
}
