import LocksteadSimulator
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Seeds that went wrong once")
struct RegressionSeedsTests {
    /// One line of the file beside this one: layer, seed, steps, and after `#` what it had found.
    struct Line: Sendable, CustomTestStringConvertible {
        let layer: SimulatedLayer
        let seed: UInt64
        let steps: Int
        let story: String
        var testDescription: String { "\(layer.rawValue) \(seed): \(story)" }

        init?(_ text: Substring) {
            let parts = text.split(separator: "#", maxSplits: 1)
            let fields = parts.first?.split(separator: " ") ?? []
            guard fields.count == 3, parts.count == 2, let layer = SimulatedLayer(rawValue: String(fields[0])),
                let seed = UInt64(fields[1]), let steps = Int(fields[2])
            else { return nil }
            (self.layer, self.seed, self.steps, story) = (layer, seed, steps, String(parts[1].drop { $0 == " " }))
        }
    }

    private static let texts: [Substring] = {
        let file = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        // A file that cannot be read has no lines, which the first test notices.
        let text = (try? String(contentsOfFile: "/\(file)/regression-seeds.txt", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    }()
    private static let lines = texts.compactMap(Line.init)

    @Test("the file of seeds is there and every line of it reads")
    func file() {
        #expect(!Self.lines.isEmpty && Self.lines.count == Self.texts.count)
    }

    @Test("a seed that went wrong once stays right", arguments: lines)
    func replay(line: Line) {
        #expect(line.layer.run(seed: line.seed, steps: line.steps).problem == nil)
    }
}
