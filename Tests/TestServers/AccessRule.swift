import Foundation

/// The ACL rule that docs/backends/redis.md tells operators to paste.
package enum AccessRule {
    /// The command's words, as they stand in the page.
    ///
    /// - Throws: `ServerError` where the page has no such rule.
    package static func fromDocumentation() throws -> [String] {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/backends/redis.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        guard let start = text.range(of: "ACL SETUSER")?.lowerBound else {
            throw ServerError("docs/backends/redis.md has no ACL rule")
        }
        return text[start...].prefix { $0 != "`" }.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
