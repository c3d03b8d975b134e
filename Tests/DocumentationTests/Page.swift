import Foundation
import Testing

/// A Markdown file of the repository, and the Swift code in it.
struct Page: Sendable, CustomTestStringConvertible {
    let path: String
    let swiftBlocks: [CodeBlock]

    var testDescription: String { path }

    init(path: String) throws {
        let text = try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
        self.path = path
        swiftBlocks = Self.blocks(in: text)
    }

    /// The pages a reader may copy code from: those in the root, the guides in `docs`, and the articles of the reference.
    static func all() throws -> [Page] {
        try Repository.files(ending: ".md").map(Page.init(path:))
    }

    private static func blocks(in text: String) -> [CodeBlock] {
        var blocks: [CodeBlock] = []
        var open: [Substring]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let lines = open {
                open = line == "```" ? nil : lines + [line]
                if line == "```" { blocks.append(CodeBlock(lines: lines)) }
            } else if line == "```swift" {
                open = []
            }
        }
        return blocks
    }
}

/// Swift code with its imports set apart: a snippet stands inside a function, where an import cannot.
struct CodeBlock: Sendable, Hashable {
    let imports: Set<String>
    let code: String

    init(lines: [Substring]) {
        let imports = lines.prefix { $0.hasPrefix("import ") }
        self.imports = Set(imports.map(String.init))
        code = Self.trimmed(lines.dropFirst(imports.count))
    }

    /// Without the indentation that all lines share, and without blank lines at either end.
    static func trimmed(_ lines: some Sequence<Substring>) -> String {
        let lines = Array(lines)
        let indentation =
            lines.filter { !$0.allSatisfy(\.isWhitespace) }
            .map { $0.prefix { $0 == " " }.count }.min() ?? 0
        return lines.map { $0.dropFirst(indentation) }.joined(separator: "\n").trimmingCharacters(in: .newlines)
    }
}
