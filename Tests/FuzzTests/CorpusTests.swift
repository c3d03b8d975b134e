import Foundation
import FuzzTargets
import Testing

/// What the fuzzer found worth keeping, fed once more by every run of the tests.
@Suite("Fuzz corpus")
struct CorpusTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "Corpus")

    @Test(
        "Every input of the corpus is taken without a trap, and every target has some", arguments: FuzzTarget.allCases)
    func corpus(target: FuzzTarget) throws {
        let folder = Self.folder.appendingPathComponent(target.rawValue)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(files.count >= 5)
        for file in files { target.feed([UInt8](try Data(contentsOf: file))) }
    }

    @Test("The inputs to begin with are good ones", arguments: FuzzTarget.allCases)
    func seeds(target: FuzzTarget) {
        #expect(target.seeds.count >= 5)
        for seed in target.seeds { target.feed(seed) }
    }
}
