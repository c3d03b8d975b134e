extension RESPParser {
    /// What the line is, or `nil` where it only announces what follows.
    mutating func finishLine(_ kind: RESPKind) throws(RESPParsingError) -> RESPValue? {
        state = .start
        switch kind {
        case .blobString, .blobError, .verbatimString: return try beginBlob(kind)
        case .array, .set, .map, .push, .attributes: return try beginAggregate(kind)
        case .simpleString, .simpleError, .number, .double, .boolean, .bigNumber, .null:
            try charge(line.count)
            return try scalar(kind)
        }
    }

    private func scalar(_ kind: RESPKind) throws(RESPParsingError) -> RESPValue {
        switch kind {
        case .simpleString: .simpleString(line)
        case .simpleError: .error(RESPServerError(line))
        case .number: .number(try RESPScalars.number(line))
        case .double: .double(try RESPScalars.double(line))
        case .boolean: .boolean(try RESPScalars.boolean(line))
        case .bigNumber: .bigNumber(try RESPScalars.bigNumber(line))
        case .null where line.isEmpty: .null
        default: throw .malformed("A null carries text.")
        }
    }

    private mutating func beginBlob(_ kind: RESPKind) throws(RESPParsingError) -> RESPValue? {
        let length = try RESPScalars.number(line)
        if length == -1, kind == .blobString { return .null }
        guard length >= 0 else { throw .malformed("A blob has the length \(length).") }
        let count = Int(truncatingIfNeeded: length)
        try charge(count)
        blob.removeAll()
        // Most are short and come whole; what is longer grows as it arrives.
        blob.reserveCapacity(min(count, 512))
        state = count == 0 ? .blobEnd(kind) : .blob(kind, missing: count)
        return nil
    }

    mutating func finishBlob(_ kind: RESPKind) throws(RESPParsingError) -> RESPValue? {
        state = .start
        let bytes = blob
        blob = []
        switch kind {
        case .blobError: return .error(RESPServerError(bytes))
        case .verbatimString: return try verbatim(bytes)
        default: return .blobString(bytes)
        }
    }

    private func verbatim(_ bytes: [UInt8]) throws(RESPParsingError) -> RESPValue {
        guard bytes.count >= 4, bytes[3] == UInt8(ascii: ":") else {
            throw .malformed("A verbatim string does not begin with three letters and a colon.")
        }
        return .verbatimString(VerbatimFormat(bytes[0], bytes[1], bytes[2]), Array(bytes[4...]))
    }
}
