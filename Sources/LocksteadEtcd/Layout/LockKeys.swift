import Lockstead

/// Bytes of an etcd key or of one of its values.
typealias KeyBytes = [UInt8]

/// Where the parts of a lock lie in the store.
///
/// Its contenders lie where etcd's own concurrency package puts them: at `name/` and their lease's id in hexadecimal digits (RULES 31).
/// What else there is lies behind the name and a byte that no name has, where no contender of any name can be.
struct LockKeys: Sendable, Hashable {
    let name: LockName
    private let base: String

    init(_ name: LockName, prefix: String) { (self.name, base) = (name, prefix + name.text) }

    /// What all contenders' keys begin with, and with them those of names below this one.
    var contenders: KeyRange { KeyRange(prefix: Array((base + "/").utf8)) }

    /// The key of one request.
    ///
    /// A request that is sent again finds the key it has, and one client may have several requests in one queue.
    func contender(_ lease: LeaseID, _ request: RequestID) -> KeyBytes {
        Array("\(base)/\(lease)-\(request)".utf8)
    }

    /// Says that a request was withdrawn, so that what of it is still under way does nothing when it arrives.
    func withdrawal(of request: RequestID) -> KeyBytes { Array("\(base)\u{1}withdrawn/\(request)".utf8) }

    /// The two keys of the register beside the lock.
    var register: KeyRange { KeyRange(prefix: Array("\(base)\u{1}register/".utf8)) }

    /// The value of the register beside the lock.
    var registerValue: KeyBytes { Array((base + Self.registerEnd).utf8) }

    /// The newest token that the register has seen.
    var registerToken: KeyBytes { Array("\(base)\u{1}register/token".utf8) }

    static let registerEnd = "\u{1}register/value"

    /// Whether a key is a contender of this very name, not of one below it.
    func isContender(_ key: KeyBytes) -> Bool {
        let start = contenders.start
        guard key.starts(with: start) else { return false }
        return ContenderKey(key[start.count...]) != nil
    }
}

/// The part of a contender's key behind its name: a lease in hexadecimal digits and, where a client has several, something after a dash.
struct ContenderKey: Sendable, Hashable {
    let lease: LeaseID
    /// The request, where the key is one of ours.
    let request: RequestID?

    init?(_ rest: some Collection<UInt8>) {
        let parts = rest.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let digits = parts.first, let lease = LeaseID(hexadecimal: digits) else { return nil }
        if parts.count > 1, parts[1].isEmpty || !parts[1].allSatisfy(Self.isPlain) { return nil }
        self.lease = lease
        request = parts.count > 1 ? RequestID(hexadecimal: String(decoding: parts[1], as: UTF8.self)) : nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// A lease of etcd: a number, written in hexadecimal digits.
struct LeaseID: Sendable, Hashable, CustomStringConvertible {
    let rawValue: Int64
    init(rawValue: Int64) { self.rawValue = rawValue }

    var description: String { String(rawValue, radix: 16) }

    init?(hexadecimal digits: some Collection<UInt8>) {
        let isHex: (UInt8) -> Bool = {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard !digits.isEmpty, digits.count <= 16, digits.allSatisfy(isHex),
            let value = UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
        else { return nil }
        rawValue = Int64(bitPattern: value)
    }
}

/// All keys from one on, up to another that is not among them.
struct KeyRange: Sendable, Hashable {
    let start: KeyBytes
    let end: KeyBytes

    /// All keys that begin with these bytes.
    init(prefix: KeyBytes) {
        // A key is never empty.
        start = prefix.isEmpty ? [0] : prefix
        var end = prefix
        while let last = end.last, last == 0xFF { end.removeLast() }
        // Nothing but the highest byte, or nothing at all: to the end of all keys, which etcd writes as one zero.
        if let last = end.popLast() { end.append(last + 1) } else { end = [0] }
        self.end = end
    }

    /// One key.
    init(only key: KeyBytes) { (start, end) = (key, []) }
}

/// How names become keys, and keys names.
struct LockNaming: Sendable, Hashable {
    /// What stands before every name.
    let prefix: String

    func keys(of name: LockName) -> LockKeys { LockKeys(name, prefix: prefix) }

    /// Where all keys are whose names begin with a text.
    func range(under start: String) -> KeyRange { KeyRange(prefix: Array((prefix + start).utf8)) }

    /// The name whose register's value a key is; `nil` for other keys.
    func register(_ key: KeyBytes) -> LockName? {
        let (start, end) = (prefix.utf8.count, LockKeys.registerEnd.utf8.count)
        guard key.starts(with: prefix.utf8), key.count > start + end,
            key.suffix(end).elementsEqual(LockKeys.registerEnd.utf8),
            let text = String(validating: key[start..<(key.count - end)], as: UTF8.self)
        else { return nil }
        // A key whose beginning is no name is somebody else's.
        return try? LockName(text)
    }

    /// The lock that a contender's key belongs to; `nil` for keys that are none.
    func contender(_ key: KeyBytes) -> (name: LockName, key: ContenderKey)? {
        guard key.starts(with: prefix.utf8), let slash = key.lastIndex(of: UInt8(ascii: "/")),
            slash >= prefix.utf8.count, let rest = ContenderKey(key[(slash + 1)...]),
            let text = String(validating: key[prefix.utf8.count..<slash], as: UTF8.self),
            // A key whose beginning is no name is somebody else's.
            let name = try? LockName(text)
        else { return nil }
        return (name, rest)
    }
}
