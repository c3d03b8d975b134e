import Foundation
import Lockstead
import LocksteadEngines
import LocksteadTesting
import Testing

/// Nobody adds an engine without running the suite on it.
@Suite("Every engine has a fixture")
struct FixtureTests {
    /// Products that are no engines.
    static let others: Set = [
        "Lockstead", "LocksteadGuards", "LocksteadEngines", "LocksteadTesting", "LocksteadBench", "lockstead",
    ]

    @Test("Every product is an engine with a fixture, or known to be none")
    func products() throws {
        let manifest = try String(
            contentsOf: Repository.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        let products = manifest.matches(of: /\.(?:library|executable)\(name: "(\w+)"/).map { String($0.1) }
        #expect(products.contains("Lockstead"), "the manifest cannot be read any more")
        for product in products where !Self.others.contains(product) {
            let engine = product.replacingOccurrences(of: "Lockstead", with: "").lowercased()
            #expect(
                engineFixtures.contains { $0.engine == engine }, "the product \(product) has no conformance fixture")
        }
    }

    @Test("Every engine that opens from a URL has a fixture")
    func forms() throws {
        #expect(!Engines.forms.isEmpty)
        for form in Engines.forms {
            let engine = try Engines.open(form).name
            #expect(engineFixtures.contains { $0.engine == engine }, "\(form) opens \(engine), which has no fixture")
        }
    }

    @Test("Every engine that LockEngine offers has a fixture")
    func offered() throws {
        let sources = Repository.root.appendingPathComponent("Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var engines: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" && file.path.contains("/Lockstead") {
            guard !file.path.contains("/LocksteadTest") else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /LockEngine\(name: "(\w+)"\)/) { engines.insert(String(match.1)) }
        }
        #expect(engines.contains("memory"), "engines are made in another way now; teach this test")
        for engine in engines {
            #expect(
                engineFixtures.contains { $0.engine == engine }, "LockEngine offers \(engine), which has no fixture")
        }
    }
}
