import Foundation
import Testing

/// The ACL rule that docs/backends/redis.md tells operators to paste.
enum AccessRule {
    /// The command's words, as they stand in the page.
    static func fromDocumentation() throws -> [String] {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/backends/redis.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: "ACL SETUSER"))
        let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
        return text[start.lowerBound..<end.lowerBound].split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
