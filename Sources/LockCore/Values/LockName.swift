@_spi(_Unicode) import Swift

/// The name of a lock: 1 to 512 bytes of UTF-8 in Unicode normalization form C, with `/` between its segments.
///
/// The same names are accepted and refused on every engine, so that a name never means two different locks.
public struct LockName: Sendable, Hashable, Comparable {
    /// The most bytes a name may have, so that it fits a key on every engine.
    public static let maximumByteCount = 512

    /// The name as text.
    public let text: String
    /// Taken once, when the name is checked: a name that is kept makes every lookup cheap.
    let flatHash: UInt64

    /// Checks and wraps a name.
    ///
    /// - Parameter text: The name, such as `orders/42`.
    /// - Throws: `LockError` with the code ``LockError/Code/invalidName``; its message says what to change.
    public init(_ text: String) throws(LockError) {
        if let problem = Self.problem(in: text) {
            throw LockError(.invalidName, problem, effect: .didNotHappen)
        }
        self.init(unchecked: text)
    }

    /// No lock's name: fills empty places in tables.
    package static let vacant = LockName(unchecked: "")

    private init(unchecked text: String) {
        self.text = text
        flatHash = Self.hash(of: text)
    }

    private static func hash(of text: String) -> UInt64 {
        if let hash = text.utf8.withContiguousStorageIfAvailable(FlatHash.of) { return hash }
        // A string of a foreign kind: only Darwin has those.
        return Array(text.utf8).withUnsafeBufferPointer(FlatHash.of)
    }

    /// Names are equal where their texts are.
    public static func == (left: LockName, right: LockName) -> Bool {
        left.flatHash == right.flatHash && left.text == right.text
    }

    /// Hashes the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(flatHash) }

    /// What is wrong with `text` as a name, or `nil`.
    ///
    /// Its one reader outside the initialiser is the snapshot decoder.
    package static func problem(in text: String) -> String? {
        let bytes = text.utf8.count
        if bytes <= maximumByteCount, isPlain(text) { return nil }
        guard bytes > 0 else { return "A lock's name is empty; give it 1 to \(maximumByteCount) bytes." }
        guard bytes <= maximumByteCount else {
            return "A lock's name has \(bytes) bytes; the most is \(maximumByteCount). Shorten it or hash its tail."
        }
        if let scalar = text.unicodeScalars.first(where: isControl) {
            return "A lock's name holds the control character U+\(hex(scalar.value)); remove it."
        }
        if let problem = segmentProblem(in: text) { return problem }
        guard isComposed(text) else {
            return
                "A lock's name is not in Unicode normalization form C; normalize it, or two spellings would be two locks."
        }
        return nil
    }

    /// Whether the name is ASCII and in order: nearly all are, and one look at each byte shows it.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { bytes in
            var (length, dots) = (0, 0)
            for byte in bytes {
                if byte == UInt8(ascii: "/") {
                    guard isSegment(length, dots: dots) else { return false }
                    (length, dots) = (0, 0)
                } else {
                    guard byte >= 0x20, byte < 0x7F else { return false }
                    (length, dots) = (length + 1, byte == UInt8(ascii: ".") ? dots + 1 : dots)
                }
            }
            return isSegment(length, dots: dots)
        } ?? false
    }

    /// Neither empty nor `.` nor `..`.
    private static func isSegment(_ length: Int, dots: Int) -> Bool { length > 2 || length > dots }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    private static func segmentProblem(in text: String) -> String? {
        for segment in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            switch segment.count {
            case 0: return "The lock name \"\(text)\" has an empty segment; drop the leading, trailing or double \"/\"."
            case 1 where segment.first == UInt8(ascii: "."), 2 where segment.allSatisfy({ $0 == UInt8(ascii: ".") }):
                return "The lock name \"\(text)\" has a segment \".\" or \"..\"; rename that segment."
            default: continue
            }
        }
        return nil
    }

    /// ASCII is composed by definition; the check costs only names that leave it.
    private static func isComposed(_ text: String) -> Bool {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return true }
        return text.unicodeScalars.elementsEqual(text._nfc)
    }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Byte order, the one order every engine shares.
    public static func < (left: LockName, right: LockName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

extension LockName: CustomStringConvertible {
    /// The name itself.
    public var description: String { text }
}

/// What can name a lock: text, checked at the call, or a ``LockName`` that was checked once.
public protocol LockNaming: Sendable {
    /// The checked name.
    ///
    /// - Throws: `LockError` with the code ``LockError/Code/invalidName``.
    func lockName() throws(LockError) -> LockName
}

extension LockName: LockNaming {
    /// The name itself.
    public func lockName() throws(LockError) -> LockName { self }
}

extension String: LockNaming {
    /// Checks the text as a lock's name.
    public func lockName() throws(LockError) -> LockName { try LockName(self) }
}
