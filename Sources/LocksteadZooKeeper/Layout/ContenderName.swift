import Lockstead

/// How contenders' nodes are named, so that other programs' locks exclude ours and ours exclude theirs.
public enum ZooKeeperLayout: String, Sendable, CaseIterable {
    /// As Curator's `InterProcessMutex`; readers as those of its `InterProcessReadWriteLock`.
    case curator
    /// As Curator's `InterProcessReadWriteLock`, whose writers its `InterProcessMutex` does not see.
    case curatorReadWrite = "curator-rw"
    /// As kazoo's `Lock`, `WriteLock` and `ReadLock`.
    case kazoo

    /// What the name of a request's node begins with, before the number that the servers append.
    func prefix(of request: RequestID, _ mode: LockMode) -> String {
        start(of: request) + mark(of: mode)
    }

    /// What all nodes of one request begin with: a create whose answer was lost is found again by it (R23).
    func start(of request: RequestID) -> String {
        switch self {
        case .curator, .curatorReadWrite: "_c_\(request.hyphenated)-"
        case .kazoo: "\(request)"
        }
    }

    private func mark(of mode: LockMode) -> String {
        switch (self, mode) {
        case (.curator, .exclusive): "lock-"
        case (.curatorReadWrite, .exclusive): "__WRIT__"
        case (.curator, .shared), (.curatorReadWrite, .shared): "__READ__"
        case (.kazoo, .exclusive): "__lock__"
        case (.kazoo, .shared): "__rlock__"
        case (.curator, .permits(let count, let limit)), (.curatorReadWrite, .permits(let count, let limit)):
            "\(count)of\(limit)-lease-"
        case (.kazoo, .permits(let count, let limit)): "-\(count)of\(limit)-lease-"
        }
    }
}

/// The name of a node in the queue of a lock, taken apart.
struct ContenderName: Sendable, Hashable {
    let text: String
    let mode: LockMode
    /// Counts the children that the queue's node ever had, and begins anew below zero after the highest (R34).
    let sequence: Int32

    /// Reads a name; `nil` for a node that is no contender.
    ///
    /// By its bytes, and from its end: a queue of a thousand is read by each of a thousand.
    init?(_ text: String) {
        var text = text
        let found = text.withUTF8 { bytes -> (Int32, LockMode)? in
            guard let (sequence, end) = Self.sequence(bytes), let mode = Self.mode(bytes, end) else { return nil }
            return (sequence, mode)
        }
        guard let (sequence, mode) = found else { return nil }
        (self.text, self.sequence, self.mode) = (text, sequence, mode)
    }

    private typealias Bytes = UnsafeBufferPointer<UInt8>

    /// The number that the servers appended, ten digits or a sign and nine or ten, and where what is before it ends.
    private static func sequence(_ bytes: Bytes) -> (Int32, end: Int)? {
        var (start, value, unit) = (bytes.count, Int64(0), Int64(1))
        while start > 0, bytes.count - start < 11, bytes[start - 1] &- 0x30 < 10 {
            start -= 1
            (value, unit) = (value + Int64(bytes[start] - 0x30) * unit, unit * 10)
        }
        // The mark before it ends in a dash or in a line: one more dash is a sign.
        let isSigned =
            start > 1 && bytes[start - 1] == UInt8(ascii: "-")
            && (bytes[start - 2] == UInt8(ascii: "-") || bytes[start - 2] == UInt8(ascii: "_"))
        let (digits, end) = (bytes.count - start, isSigned ? start - 1 : start)
        guard digits <= 10, bytes.count - end >= 10, let sequence = Int32(exactly: isSigned ? -value : value) else {
            return nil
        }
        return (sequence, end)
    }

    private static func mode(_ bytes: Bytes, _ end: Int) -> LockMode? {
        guard end > 0 else { return nil }
        if bytes[end - 1] == UInt8(ascii: "-") {
            if ends(bytes, end, with: "lock-") {
                // Of a name of its own, such as `airlock-0000000001`, it is none.
                return end == 5 || bytes[end - 6] == UInt8(ascii: "-") ? .exclusive : nil
            }
            return ends(bytes, end, with: "-lease-") ? permits(Slice(base: bytes, bounds: 0..<(end - 7))) : nil
        }
        if ends(bytes, end, with: "__lock__") || ends(bytes, end, with: "__WRIT__") { return .exclusive }
        return ends(bytes, end, with: "__READ__") || ends(bytes, end, with: "__rlock__") ? .shared : nil
    }

    private static func ends(_ bytes: Bytes, _ end: Int, with mark: StaticString) -> Bool {
        let (count, start) = (mark.utf8CodeUnitCount, end - mark.utf8CodeUnitCount)
        guard start >= 0 else { return false }
        for place in 0..<count where bytes[start + place] != mark.utf8Start[place] { return false }
        return true
    }

    /// Such as `…-2of4`.
    private static func permits(_ bytes: Slice<Bytes>) -> LockMode? {
        let word = bytes.split(separator: UInt8(ascii: "-")).last ?? bytes[bytes.endIndex...]
        let numbers = String(decoding: word, as: UTF8.self).split(separator: "of", omittingEmptySubsequences: false).map
        { Int($0) }
        guard numbers.count == 2, let count = numbers[0], let limit = numbers[1], count >= 1, count <= limit,
            limit <= LockMode.maximumPermits
        else { return nil }
        return .permits(count: count, limit: limit)
    }

    /// The request, where the node may be one of ours.
    var request: RequestID? {
        let digits = text.hasPrefix("_c_") ? text.dropFirst(3).filter { $0 != "-" }.prefix(32) : text.prefix(32)
        return RequestID(hexadecimal: String(digits))
    }
}

extension RequestID {
    /// As Curator writes its ids, such as `9f0e…-…`.
    var hyphenated: String {
        let digits = Array(description)
        let cuts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return cuts.map { String(digits[$0]) }.joined(separator: "-")
    }
}
