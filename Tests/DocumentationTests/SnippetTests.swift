import Testing

@Suite("The documentation's code")
struct SnippetTests {
    @Test("Every Swift block of a page is code that is compiled here, word for word", arguments: try Page.all())
    func blocksAreCompiled(page: Page) throws {
        let snippets = try Snippet.all()
        for block in page.swiftBlocks {
            let source = snippets.first { $0.code == block.code }
            #expect(source != nil, "\(page.path) shows code that no snippet has:\n\(block.code)")
            #expect(source.map { block.imports.isSubset(of: $0.imports) } != false, "\(page.path) imports too much")
        }
    }

    @Test("Every snippet is shown on some page")
    func snippetsAreShown() throws {
        let shown = Set(try Page.all().flatMap(\.swiftBlocks).map(\.code))
        let snippets = try Snippet.all()
        #expect(!snippets.isEmpty)
        for snippet in snippets {
            #expect(shown.contains(snippet.code), "\(snippet.file): no page shows \"\(snippet.name)\"")
        }
    }

    @Test("The README shows a sample, with the import it needs")
    func readmeHasASample() throws {
        let blocks = try Page(path: "README.md").swiftBlocks
        #expect(blocks.contains { $0.imports.contains("import Lockstead") })
    }

    @Test("A block that differs from its snippet in one character is noticed")
    func differenceIsNoticed() throws {
        let snippet = try #require(try Snippet.all().first)
        let lines = (snippet.code + " ").split(separator: "\n", omittingEmptySubsequences: false)
        #expect(CodeBlock(lines: lines).code != snippet.code)
    }
}
