import Lockstead
import LocksteadEngines
import SeededRandom
import Testing

struct EngineURLTests {
    @Test("A URL comes apart into scheme, authority, path and options")
    func parts() throws {
        let url = try EngineURL("Redis+Cluster://a:b@h1:1,h2:2/0?prefix=x%2Fy&share=foreign")
        #expect(url.scheme == "redis+cluster")
        #expect(url.authority == "a:b@h1:1,h2:2")
        #expect(url.path == "/0")
        #expect(url.option("prefix") == "x/y")
        #expect(url.option("share") == "foreign")
        #expect(url.option("other") == nil)
    }

    @Test("A path is percent-decoded once, and a plus stands for itself")
    func decoding() throws {
        #expect(try EngineURL("file:///a%20b/%2525/c+d/%C3%A4").path == "/a b/%25/c+d/ä")
    }

    @Test(
        "What is no engine URL is refused as an invalid option",
        arguments: [
            "", ":", "/var/lib", "file", "1file:///a", "fi le:///a", "file:///a#b", "file:///a%", "file:///a%2",
            "file:///a%zz", "file:///a%ff", "file:///a%00b", "file:///a\u{1}b", "file:///a?", "file:///a?x",
            "file:///a?=1",
            "file:///a?x=1&x=2", "file:///a?x=1&&y=2", "file:///a?x=%", "ä:///a", "%66ile:///a",
            "file:///" + String(repeating: "a", count: 9_000),
        ])
    func refusals(_ text: String) {
        #expect { try EngineURL(text) } throws: { ($0 as? LockError)?.code == .invalidOption }
    }

    @Test("An error never echoes the authority or an option's value, which may be a password")
    func secrecy() {
        for text in ["redis://u:s3cret@h/%zz", "redis://h/?password=s3cret%", "redis://u:s3cret@h:1/x", "x://s3cret@h"]
        {
            #expect { try Engines.open(text) } throws: { !"\($0)".contains("s3cret") }
        }
    }

    @Test("Random texts, and valid URLs with random damage, are taken or refused, and never trap")
    func fuzz() {
        var generator = SeededGenerator(seed: 20_260_731)
        let valid = Array("file://host/a%20b/%C3%A4?longestLease=5m&x=%41#f".utf8)
        for _ in 0..<20_000 {
            var bytes = Bool.random(using: &generator) ? valid : []
            for _ in 0..<Int.random(in: 0...12, using: &generator) {
                let position = Int.random(in: 0...bytes.count, using: &generator)
                let byte = UInt8.random(in: 0...255, using: &generator)
                if position < bytes.count, Bool.random(using: &generator) {
                    bytes.remove(at: position)
                } else {
                    bytes.insert(
                        Bool.random(using: &generator) ? byte : Self.syntax.randomElement(using: &generator) ?? 0,
                        at: position)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do {
                let url = try EngineURL(text)
                #expect(!url.scheme.isEmpty, "\(text)")
            } catch {
                #expect(error.code == .invalidOption, "\(text)")
            }
        }
    }

    private static let syntax = Array(":/?#&=%+.-@aA0".utf8)
}
