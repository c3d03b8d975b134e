package import Lockstead

/// An engine's address, taken apart: `scheme:path?option=value`, or `scheme://authority/path?option=value`.
///
/// Its own small parser, for exactly this form: it takes any text, never traps, and never echoes the authority or an option's value,
/// which may hold a password.
package struct EngineURL: Sendable, Hashable {
    /// In lower case.
    package let scheme: String
    /// What stands between `//` and the path, undecoded; `nil` where there is no `//`.
    package let authority: String?
    /// Percent-decoded.
    package let path: String
    /// Percent-decoded, in the order given; no name occurs twice.
    package let options: [Option]

    /// One `name=value` of the query.
    package struct Option: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    /// Long enough for any folder or any list of servers, short enough to read in an error.
    package static let maximumByteCount = 8192

    /// Takes `text` apart.
    ///
    /// - Throws: `LockError` with the code `invalidOption`; its message says what to change.
    package init(_ text: String) throws(LockError) {
        guard text.utf8.count <= Self.maximumByteCount else {
            throw Self.malformed("it has \(text.utf8.count) bytes; the most is \(Self.maximumByteCount)")
        }
        var rest = Substring(text)
        scheme = try Self.takeScheme(from: &rest)
        guard !rest.utf8.contains(UInt8(ascii: "#")) else {
            throw Self.malformed("it has a fragment; write a # in a path as %23")
        }
        let query = Self.takeQuery(from: &rest)
        authority = Self.takeAuthority(from: &rest)
        path = try PercentCoding.decode(rest)
        options = try Self.readOptions(query)
    }

    /// The value of an option, or `nil` where it is not given.
    package func option(_ name: String) -> String? { options.first { $0.name == name }?.value }

    /// Refuses options that the engine does not have, so that a misspelt one is not silently ignored.
    package func requireOptions(among known: [String]) throws(LockError) {
        guard let stranger = options.first(where: { !known.contains($0.name) }) else { return }
        let have =
            known.isEmpty ? "it has none" : "it has \(known.map { "\"\($0)\"" }.joined(separator: ", "))"
        throw LockError(
            .invalidOption, "The \(scheme) engine has no option \"\(stranger.name)\"; \(have).", effect: .didNotHappen)
    }

    static func malformed(_ problem: String) -> LockError {
        LockError(
            .invalidOption, "The engine's URL cannot be read: \(problem). Write it like file:///var/lib/lockstead.",
            effect: .didNotHappen)
    }
}

// MARK: The pieces, from left to right

extension EngineURL {
    private static func takeScheme(from rest: inout Substring) throws(LockError) -> String {
        let bytes = rest.utf8.prefix { isSchemeByte($0) }
        guard let first = bytes.first, isLetter(first), bytes.endIndex < rest.utf8.endIndex,
            rest.utf8[bytes.endIndex] == UInt8(ascii: ":")
        else { throw malformed("it does not begin with a scheme such as \"file:\"") }
        let scheme = Substring(bytes).lowercased()
        rest = rest[rest.utf8.index(after: bytes.endIndex)...]
        return scheme
    }

    private static func takeQuery(from rest: inout Substring) -> Substring? {
        guard let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        let query = rest[rest.utf8.index(after: mark)...]
        rest = rest[..<mark]
        return query
    }

    private static func takeAuthority(from rest: inout Substring) -> String? {
        guard rest.utf8.starts(with: "//".utf8) else { return nil }
        let tail = rest[rest.utf8.index(rest.startIndex, offsetBy: 2)...]
        let end = tail.utf8.firstIndex(of: UInt8(ascii: "/")) ?? tail.endIndex
        rest = tail[end...]
        return String(tail[..<end])
    }

    private static func readOptions(_ query: Substring?) throws(LockError) -> [Option] {
        guard let query else { return [] }
        var options: [Option] = []
        var seen: Set<String> = []
        for piece in query.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
            let option = try readOption(Substring(piece))
            guard seen.insert(option.name).inserted else {
                throw malformed("the option \"\(option.name)\" is given twice")
            }
            options.append(option)
        }
        return options
    }

    private static func readOption(_ piece: Substring) throws(LockError) -> Option {
        guard let equals = piece.utf8.firstIndex(of: UInt8(ascii: "=")), equals > piece.startIndex else {
            throw malformed("after the ? it wants name=value, with & between several")
        }
        let name = try PercentCoding.decode(piece[..<equals])
        return Option(name: name, value: try PercentCoding.decode(piece[piece.utf8.index(after: equals)...]))
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}
