/// Why bytes were refused; nothing that follows them can be read.
package struct RESPParsingError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// They are no RESP.
        case malformed
        /// They are more than the limits allow.
        case tooLarge
    }

    package let kind: Kind
    package let description: String

    static func malformed(_ description: String) -> RESPParsingError {
        RESPParsingError(kind: .malformed, description: description)
    }

    static func tooLarge(_ description: String) -> RESPParsingError {
        RESPParsingError(kind: .tooLarge, description: description)
    }
}
