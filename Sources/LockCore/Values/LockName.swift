@_spi(_Unicode) import Swift

/// The name of a lock: 1 to 512 bytes of UTF-8 in Unicode normalization form C, with `/` between its segments.
///
/// The same names are accepted and refused on every engine, so that a name never means two different locks.
public struct LockName: Sendable, Hashable, Comparable {
    /// The most bytes a name may have, so that it fits a key on every engine.
    public static let maximumByteCount = 512

    /// The name as text.
    public let text: String

    /// Checks and wraps a name.
    ///
    /// - Parameter text: The name, such as `orders/42`.
    /// - Throws: `LockError` with the code ``LockError/Code/invalidName``; its message says what to change.
    public init(_ text: String) throws(LockError) {
        if let problem = Self.problem(in: text) {
            throw LockError(.invalidName, problem, effect: .didNotHappen)
        }
        self.text = text
    }

    /// No lock's name: fills empty places in tables.
    package static let vacant = LockName(unchecked: "")

    private init(unchecked text: String) { self.text = text }

    /// What is wrong with `text` as a name, or `nil`.
    ///
    /// Its one reader outside the initialiser is the snapshot decoder.
    package static func problem(in text: String) -> String? {
        let bytes = text.utf8.count
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
