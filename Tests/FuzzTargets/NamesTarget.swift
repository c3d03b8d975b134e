import Foundation
import LockCore

/// Any text: a name just where RULES 21 says so, as a second reading of that rule, written for clarity alone, judges it.
enum NamesTarget {
    static func feed(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let isName = obeysRule21(text)
        do throws(LockError) {
            let name = try LockName(text)
            if !isName { broken("\"\(text)\" is no name") }
            if Array(name.text.utf8) != Array(text.utf8) { broken("a name keeps its bytes") }
        } catch {
            if isName { broken("\"\(text)\" is a name, and was refused: \(error)") }
            if error.code != .invalidName || error.effect != .didNotHappen { broken("the error is \(error)") }
        }
        readIdentifiers(text)
    }

    private static func obeysRule21(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        if !(1...512).contains(text.utf8.count) { return false }
        if scalars.contains(where: { $0.properties.generalCategory == .control }) { return false }
        let segments = scalars.split(separator: "/", omittingEmptySubsequences: false).map {
            String(String.UnicodeScalarView($0))
        }
        // Two strings are equal in Swift where their canonical forms are; so emptiness and dots are compared by bytes.
        if segments.contains(where: { [[], [0x2E], [0x2E, 0x2E]].contains(Array($0.utf8)) }) { return false }
        return isComposed(text)
    }

    /// Normal form C is what recomposing the canonical form gives, byte for byte.
    private static func isComposed(_ text: String) -> Bool {
        Array(text.precomposedStringWithCanonicalMapping.utf8) == Array(text.utf8)
    }

    private static func readIdentifiers(_ text: String) {
        if let token = FencingToken(text), token.description != text {
            broken("a token reads only what it prints: \(text)")
        }
        if let owner = OwnerID(hexadecimal: text), owner.description != text {
            broken("an identifier reads only what it prints: \(text)")
        }
    }

    static var seeds: [[UInt8]] {
        ["a", "orders/42", "日本/東京", "..", "a/../b", "e\u{301}", "\u{212B}", "a\u{7F}", "/a", "👩‍👩‍👧", "17", "00ff"].map {
            Array($0.utf8)
        }
    }
}
