import Foundation
import LocksteadTesting
import Testing

/// `docs/regressions.md` is true: every number is there, every test it names exists and names the number, and no test is left out.
@Suite("The register of regressions")
struct RegressionsTests {
    let register: RegressionRegister
    let sources: TestSources

    init() throws {
        register = try RegressionRegister()
        sources = try TestSources()
    }

    @Test("Every number from 1 to 57 has one row, with its tests or with the part that will bring them")
    func complete() {
        #expect(register.rows.map(\.number) == Array(1...57))
        for row in register.rows {
            #expect(!row.behaviour.isEmpty, "R\(row.number)")
            #expect(!row.tests.isEmpty || row.pending != nil, "R\(row.number) names neither tests nor a part")
        }
        let covered = register.rows.filter { !$0.tests.isEmpty }
        print(
            "regressions: \(covered.count) of 57 covered by \(covered.flatMap(\.tests).count) named tests, the rest named with its part"
        )
    }

    @Test("Every test that a row names exists, and names the row's number")
    func named() {
        for row in register.rows {
            for test in row.tests {
                switch test {
                case .conformance(let id):
                    let covers = ConformanceSuite.cases.first { $0.id == id }?.covers
                    #expect(covers?.contains("R\(row.number)") == true, "R\(row.number): conformance \(id)")
                case .function(let file, let sentence):
                    #expect(sources.names(in: file).contains(sentence), "R\(row.number): \(file) “\(sentence)”")
                    #expect(sources.numbers(in: sentence).contains(row.number), "R\(row.number): \(sentence)")
                case .unreadable(let text): Issue.record("R\(row.number): cannot read “\(text)”")
                }
            }
        }
    }

    @Test("Every number that a test or a conformance case names has that test in its row")
    func complementary() {
        for testCase in ConformanceSuite.cases {
            for cited in testCase.covers where cited.first == "R" && !cited.hasPrefix("RULES") {
                let row = register.rows.first { "R\($0.number)" == cited }
                #expect(
                    row?.tests.contains(.conformance(testCase.id)) == true,
                    "\(cited) lacks conformance `\(testCase.id)`")
            }
        }
        for (file, sentence) in sources.all {
            for number in sources.numbers(in: sentence) {
                let row = register.rows.first { $0.number == number }
                #expect(
                    row?.tests.contains(.function(file, sentence)) == true, "R\(number) lacks \(file) “\(sentence)”")
            }
        }
    }

    @Test("The reader of the register notices what is wrong")
    func reader() {
        let row = RegressionRegister.row(
            "| R7 | What. | conformance `a/b`<br>File.swift “A sentence (R7)”<br>nonsense |")
        #expect(
            row?.tests == [.conformance("a/b"), .function("File.swift", "A sentence (R7)"), .unreadable("nonsense")])
        #expect(RegressionRegister.row("| R8 | What. | not yet: the service |")?.pending == "the service")
        #expect(RegressionRegister.row("| --- | --- | --- |") == nil)
        #expect(sources.numbers(in: "R1, R57 (R2) and F-R3, R58, R0, RULES 4, XR5") == [1, 57, 2])
    }
}

/// `docs/regressions.md`, read.
struct RegressionRegister {
    enum NamedTest: Hashable {
        case conformance(String)
        case function(String, String)
        case unreadable(String)
    }

    struct Row {
        let number: Int
        let behaviour: String
        let tests: [NamedTest]
        /// The part that will bring the tests.
        let pending: String?
    }

    let rows: [Row]

    init() throws {
        let page = Repository.root.appendingPathComponent("docs/regressions.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        rows = text.split(separator: "\n").compactMap { Self.row(String($0)) }
    }

    static func row(_ line: String) -> Row? {
        guard let match = line.wholeMatch(of: /\| R(\d+) \| (.+?) \| (.+) \|/), let number = Int(match.1) else {
            return nil
        }
        let last = String(match.3).replacingOccurrences(of: "\\|", with: "|")
        let pending = last.wholeMatch(of: /not yet: (.+)/).map { String($0.1) }
        let tests = pending == nil ? last.components(separatedBy: "<br>").map(test) : []
        return Row(number: number, behaviour: String(match.2), tests: tests, pending: pending)
    }

    private static func test(_ text: String) -> NamedTest {
        if let match = text.wholeMatch(of: /conformance `([^`]+)`/) { return .conformance(String(match.1)) }
        if let match = text.wholeMatch(of: /(\S+\.swift) “(.+)”/) { return .function(String(match.1), String(match.2)) }
        return .unreadable(text)
    }
}

/// The sentences of all tests of this package.
struct TestSources {
    let all: [(file: String, sentence: String)]

    init() throws {
        let tests = Repository.root.appendingPathComponent("Tests")
        guard let files = FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil) else {
            throw CocoaError(.fileReadNoSuchFile)
        }
        var found: [(String, String)] = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /@Test\(\s*"((?:[^"\\]|\\.)+)"/) {
                found.append((file.lastPathComponent, String(match.1)))
            }
            for match in text.matches(of: /func `([^`]+)`/) { found.append((file.lastPathComponent, String(match.1))) }
        }
        all = found
    }

    func names(in file: String) -> [String] { all.filter { $0.file == file }.map(\.sentence) }

    /// The regressions that a sentence names; faults (`F-R1`) and rules are others.
    func numbers(in sentence: String) -> [Int] {
        sentence.matches(of: /(?:^|[^\w\-])R(\d{1,2})\b/).compactMap { Int($0.1) }.filter { (1...57).contains($0) }
    }
}

/// Where this package lies.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
