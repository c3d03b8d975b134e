#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// JSON on standard output: one value per line, keys in alphabetical order, so that two runs can be compared.
enum JSON {
    static func print(_ value: some Encodable) throws {
        Swift.print(try text(value))
        StandardOutput.flush()
    }

    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
