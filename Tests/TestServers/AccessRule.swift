import Foundation

/// The ACL rules that the documentation tells operators to paste.
package enum AccessRule {
    /// The command's words, as they stand in docs/backends.
    ///
    /// - Parameter page: Which page's.
    /// - Returns: The words.
    /// - Throws: `ServerError` where the page has no such rule.
    package static func fromDocumentation(_ page: String = "redis.md") throws -> [String] {
        let place = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/backends/\(page)")
        let text = try String(contentsOf: place, encoding: .utf8)
        guard let start = text.range(of: "ACL SETUSER")?.lowerBound else {
            throw ServerError("docs/backends/\(page) has no ACL rule")
        }
        return text[start...].prefix { $0 != "`" }.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
