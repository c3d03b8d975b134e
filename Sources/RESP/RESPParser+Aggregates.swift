extension RESPParser {
    /// A value of several, or a value that attributes wait for.
    struct Frame: Sendable {
        enum Kind: Sendable { case array, set, map, push, attributes, attributed([RESPEntry]) }

        let kind: Kind
        /// How many values are yet to come.
        var missing: Int
        var values: [RESPValue] = []
    }

    /// Opens an aggregate, or returns it where it is empty.
    mutating func beginAggregate(_ kind: RESPKind) throws(RESPParsingError) -> RESPValue? {
        let length = try RESPScalars.number(line)
        if length == -1, kind == .array { return .null }
        guard length >= 0 else { throw .malformed("An aggregate has the length \(length).") }
        let frameKind = try frameKind(kind)
        let (count, tooMany) = Int(truncatingIfNeeded: length).multipliedReportingOverflow(
            by: frameKind.valuesPerElement)
        let (bytes, tooLong) = count.multipliedReportingOverflow(by: MemoryLayout<RESPValue>.stride)
        guard !tooMany, !tooLong else { throw .tooLarge("An aggregate has \(length) elements.") }
        try charge(bytes)
        return try open(Frame(kind: frameKind, missing: count))
    }

    private func frameKind(_ kind: RESPKind) throws(RESPParsingError) -> Frame.Kind {
        switch kind {
        case .array: return .array
        case .set: return .set
        case .map: return .map
        case .attributes: return .attributes
        default:
            let isOutermost = frames.allSatisfy(\.isAttributed)
            guard isOutermost else { throw .malformed("A push lies within another value.") }
            return .push
        }
    }

    private mutating func open(_ frame: Frame) throws(RESPParsingError) -> RESPValue? {
        guard frame.missing > 0 else { return try close(frame) }
        guard frames.count < limits.depth else { throw .tooLarge("A reply nests deeper than \(limits.depth).") }
        frames.append(frame)
        // Room for a short one; a long one grows as its elements arrive.
        frames[frames.count - 1].values.reserveCapacity(min(frame.missing, 8))
        return nil
    }

    /// The value of a complete frame; attributes become a frame that waits for the one value they are about.
    private mutating func close(_ frame: Frame) throws(RESPParsingError) -> RESPValue? {
        switch frame.kind {
        case .array: return .array(frame.values)
        case .set: return .set(frame.values)
        case .push: return .push(frame.values)
        case .map: return .map(frame.entries)
        case .attributes: return try open(Frame(kind: .attributed(frame.entries), missing: 1))
        case .attributed(let attributes): return .attributed(attributes, frame.values[0])
        }
    }

    /// Puts a complete value where it belongs: into the innermost frame, or out.
    mutating func emit(_ value: RESPValue?, each: (RESPValue) -> Void) throws(RESPParsingError) {
        var complete = value
        while let value = complete {
            guard !frames.isEmpty else {
                charged = 0
                return each(value)
            }
            complete = try add(value)
        }
    }

    /// Adds a value to the innermost frame, and returns that frame's own value where it is complete.
    private mutating func add(_ value: RESPValue) throws(RESPParsingError) -> RESPValue? {
        let innermost = frames.count - 1
        frames[innermost].values.append(value)
        frames[innermost].missing -= 1
        guard frames[innermost].missing == 0 else { return nil }
        return try close(frames.removeLast())
    }
}

extension RESPParser.Frame {
    fileprivate var isAttributed: Bool {
        if case .attributed = kind { true } else { false }
    }

    fileprivate var entries: [RESPEntry] {
        stride(from: 0, to: values.count - 1, by: 2).map { RESPEntry(values[$0], values[$0 + 1]) }
    }
}

extension RESPParser.Frame.Kind {
    fileprivate var valuesPerElement: Int {
        switch self {
        case .map, .attributes: 2
        case .array, .set, .push, .attributed: 1
        }
    }
}
