import Foundation

/// A stretch of compiled code between `// snippet: name` and `// end`, as some page shows it.
struct Snippet: Sendable {
    let name: String
    let file: String
    let imports: Set<String>
    let code: String

    /// All snippets of the folder `Snippets`.
    static func all() throws -> [Snippet] {
        try Repository.files(ending: ".swift", in: "Tests/DocumentationTests/Snippets").flatMap(snippets(in:))
    }

    private static func snippets(in path: String) throws -> [Snippet] {
        let text = try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let imports = Set(lines.filter { $0.hasPrefix("import ") }.map(String.init))
        var snippets: [Snippet] = []
        var open: (name: String, lines: [Substring])?
        for line in lines {
            let words = line.trimmingCharacters(in: .whitespaces)
            if words.hasPrefix("// snippet: ") {
                open = (String(words.dropFirst("// snippet: ".count)), [])
            } else if words == "// end", let finished = open {
                let code = CodeBlock.trimmed(finished.lines)
                snippets.append(Snippet(name: finished.name, file: path, imports: imports, code: code))
                open = nil
            } else {
                open?.lines.append(line)
            }
        }
        return snippets
    }
}
