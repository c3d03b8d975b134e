import Foundation
import Testing

/// `docs/observability.md` names what the code names, and nothing else.
@Suite("The page on observability")
struct ObservabilityTests {
    private let page: String
    private let sources: String

    init() throws {
        page = try Self.text("docs/observability.md")
        sources = try Repository.files(ending: ".swift", in: "Sources/Lockstead").map(Self.text).joined(separator: "\n")
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
    }

    /// The first cells of the tables of a section, without their code marks; of one table where its head begins so.
    private func names(in section: String, headed head: String) -> Set<String> {
        var found: Set<String> = []
        var isInSection = false
        var isInTable = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("## ") { isInSection = line == "## \(section)" }
            if line.hasPrefix("| \(head) |") {
                isInTable = true
                continue
            }
            if !line.hasPrefix("|") { isInTable = false }
            guard isInSection, isInTable, let match = line.firstMatch(of: /^\| `([^`]+)` \|/) else { continue }
            found.insert(String(match.1))
        }
        return found
    }

    private func matches(_ pattern: Regex<(Substring, Substring)>, in text: String? = nil) -> Set<String> {
        Set((text ?? sources).matches(of: pattern).map { String($0.1) })
    }

    /// The lines from one that contains `start` to the next that is `end`.
    private func part(from start: String, to end: String) throws -> String {
        let begin = try #require(sources.range(of: start), "\(start) is gone; teach this test").upperBound
        let rest = sources[begin...]
        let finish = try #require(rest.range(of: end)).lowerBound
        return String(rest[..<finish])
    }

    @Test("Every metric is on the page, and every one on the page exists")
    func metrics() throws {
        let made = matches(/label: "(lockstead_\w+)"/)
        #expect(made.count >= 8, "metrics are made in another way now; teach this test")
        #expect(names(in: "Metrics", headed: "Metric") == made)
    }

    @Test("Every outcome and every reason is on the page, and every one on the page exists")
    func labels() throws {
        let results = try part(from: "enum AcquireResult", to: "\n}")
        #expect(names(in: "Metrics", headed: "`outcome`") == matches(/case (\w+)/, in: results))
        let reasons = try part(from: "static let labels = [", to: "]")
        #expect(names(in: "Metrics", headed: "`reason`") == matches(/"(\w+)"/, in: reasons))
    }

    @Test("Every log message and every `what` is on the page, and every one on the page exists")
    func logs() {
        #expect(names(in: "Logs", headed: "Message") == matches(/"(lock_\w+)"/))
        let reported = matches(/report\(\s*\.\w+, held\.subject, "([^"]+)"/)
        let others = matches(/"what": "([^"\\]+)"/)
        #expect(reported.count >= 6 && others.count >= 2, "logs are written in another way now; teach this test")
        #expect(names(in: "Logs", headed: "`what`") == reported.union(others))
    }

    @Test("Every span and every attribute is on the page, and every one on the page exists")
    func spans() {
        let spans = matches(/span\("([\w.]+)"/)
        #expect(spans.count == 3)
        #expect(names(in: "Spans", headed: "Span") == spans)
        for attribute in matches(/attributes\["([\w.]+)"\]/) {
            #expect(page.contains("`\(attribute)`"), "\(attribute) is missing")
        }
    }

    @Test("Every observer event is on the page, and every one on the page exists")
    func events() throws {
        let events = try part(from: "public struct LockObservation", to: "/// What happened.\n    public var event")
        #expect(names(in: "Observers", headed: "Event") == matches(/\n        case (\w+)/, in: events))
    }
}
