extension RESPValue {
    /// The value as a server writes it in RESP3: for servers in tests, and to prove that what was read can be read again.
    package func encode(into bytes: inout [UInt8]) {
        switch self {
        case .simpleString(let text): Self.append("+", text, to: &bytes)
        case .number(let number): Self.append(":", String(number).utf8, to: &bytes)
        case .bigNumber(let digits): Self.append("(", digits, to: &bytes)
        case .double(let double): Self.append(",", double.respText.utf8, to: &bytes)
        case .boolean(let flag): Self.append("#", (flag ? "t" : "f").utf8, to: &bytes)
        case .null: Self.append("_", "".utf8, to: &bytes)
        case .blobString(let blob): Self.append("$", blob: blob, to: &bytes)
        case .error(let error): Self.append("!", blob: Array(error.text.utf8), to: &bytes)
        case .verbatimString(let format, let text):
            Self.append("=", blob: [format.first, format.second, format.third, 0x3A] + text, to: &bytes)
        case .array(let elements): Self.append("*", elements, to: &bytes)
        case .set(let elements): Self.append("~", elements, to: &bytes)
        case .push(let elements): Self.append(">", elements, to: &bytes)
        case .map(let entries): Self.append("%", entries, to: &bytes)
        case .attributed(let attributes, let value):
            Self.append("|", attributes, to: &bytes)
            value.encode(into: &bytes)
        }
    }

    private static func append(_ kind: Unicode.Scalar, _ line: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: kind))
        bytes.append(contentsOf: line)
        bytes.appendLineEnd()
    }

    private static func append(_ kind: Unicode.Scalar, blob: [UInt8], to bytes: inout [UInt8]) {
        append(kind, String(blob.count).utf8, to: &bytes)
        bytes.append(contentsOf: blob)
        bytes.appendLineEnd()
    }

    private static func append(_ kind: Unicode.Scalar, _ elements: [RESPValue], to bytes: inout [UInt8]) {
        append(kind, String(elements.count).utf8, to: &bytes)
        for element in elements { element.encode(into: &bytes) }
    }

    private static func append(_ kind: Unicode.Scalar, _ entries: [RESPEntry], to bytes: inout [UInt8]) {
        append(kind, String(entries.count).utf8, to: &bytes)
        for entry in entries {
            entry.key.encode(into: &bytes)
            entry.value.encode(into: &bytes)
        }
    }
}

extension Double {
    fileprivate var respText: String {
        if isNaN { return "nan" }
        return isInfinite ? (self < 0 ? "-inf" : "inf") : "\(self)"
    }
}
