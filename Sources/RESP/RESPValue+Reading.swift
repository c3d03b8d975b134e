/// What a reply says, where it says that kind of thing; `nil` elsewhere. All look through attributes.
extension RESPValue {
    /// The value without what the server says about it.
    package var bare: RESPValue {
        var value = self
        while case .attributed(_, let inner) = value { value = inner }
        return value
    }

    /// The bytes of any kind of string.
    package var bytes: [UInt8]? {
        switch bare {
        case .simpleString(let bytes), .blobString(let bytes), .verbatimString(_, let bytes), .bigNumber(let bytes):
            bytes
        case .number, .double, .boolean, .null, .error, .array, .set, .map, .push, .attributed: nil
        }
    }

    /// The text of any kind of string that is UTF-8.
    package var text: String? { bytes.flatMap { String(validating: $0, as: UTF8.self) } }

    /// A number, or a string that spells one, as RESP2 has it within scripts' replies.
    package var integer: Int64? {
        switch bare {
        case .number(let number): number
        case .boolean(let flag): flag ? 1 : 0
        case .simpleString, .blobString, .verbatimString, .bigNumber: text.flatMap { Int64($0) }
        case .double, .null, .error, .array, .set, .map, .push, .attributed: nil
        }
    }

    /// The elements of an array, a set or a push.
    package var elements: [RESPValue]? {
        switch bare {
        case .array(let elements), .set(let elements), .push(let elements): elements
        case .simpleString, .blobString, .verbatimString, .number, .bigNumber, .double, .boolean, .null, .error, .map,
            .attributed:
            nil
        }
    }

    /// The entries of a map, or of an array of keys and values in turn, as RESP2 has it.
    package var entries: [RESPEntry]? {
        switch bare {
        case .map(let entries): entries
        case .array(let flat) where flat.count.isMultiple(of: 2):
            stride(from: 0, to: flat.count, by: 2).map { RESPEntry(flat[$0], flat[$0 + 1]) }
        case .simpleString, .blobString, .verbatimString, .number, .bigNumber, .double, .boolean, .null, .error, .array,
            .set, .push, .attributed:
            nil
        }
    }

    /// The error, if this is one.
    package var error: RESPServerError? {
        if case .error(let error) = bare { error } else { nil }
    }

    package var isNull: Bool { bare == .null }

    /// Whether this is the server's `OK`.
    package var isOK: Bool { bytes == Array("OK".utf8) }
}
