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
            guard let (sequence, rest) = Self.sequence(bytes[...]), let mode = Self.mode(rest) else { return nil }
            return (sequence, mode)
        }
        guard let (sequence, mode) = found else { return nil }
        (self.text, self.sequence, self.mode) = (text, sequence, mode)
    }

    private typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

    /// The number that the servers appended, ten digits or a sign and nine or ten, and what stands before it.
    private static func sequence(_ bytes: Bytes) -> (Int32, rest: Bytes)? {
        let digits = bytes.reversed().prefix { (0x30...0x39).contains($0) }.count
        let start = bytes.endIndex - digits
        let isSigned = start - 1 > bytes.startIndex && bytes[start - 1] == UInt8(ascii: "-") && isMarkEnd(bytes[..<(start - 1)])
        guard digits + (isSigned ? 1 : 0) >= 10, digits <= 10 else { return nil }
        let value = bytes[start...].reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        guard let sequence = Int32(exactly: isSigned ? -value : value) else { return nil }
        return (sequence, bytes[..<(isSigned ? start - 1 : start)])
    }

    /// Whether what ends here is a mark without what follows: a dash after it is a sign, and one that belongs to it is none.
    private static func isMarkEnd(_ bytes: Bytes) -> Bool { marks.contains { bytes.ends(with: $0.text) } }

    private static let marks: [(text: StaticString, mode: LockMode?)] = [
        ("lock-", .exclusive), ("__lock__", .exclusive), ("__WRIT__", .exclusive), ("__READ__", .shared),
        ("__rlock__", .shared), ("-lease-", nil),
    ]

    private static func mode(_ bytes: Bytes) -> LockMode? {
        guard let (mark, mode) = marks.first(where: { bytes.ends(with: $0.text) }) else { return nil }
        let start = bytes.dropLast(mark.utf8CodeUnitCount)
        guard let mode else { return permits(start) }
        // Of a name of its own, such as `airlock-0000000001`, it is none.
        guard mark.utf8CodeUnitCount == 5, let last = start.last else { return mode }
        return last == UInt8(ascii: "-") ? mode : nil
    }

    /// Such as `…-2of4`.
    private static func permits(_ bytes: Bytes) -> LockMode? {
        let word = bytes.split(separator: UInt8(ascii: "-")).last ?? bytes[bytes.endIndex...]
        let numbers = String(decoding: word, as: UTF8.self).split(separator: "of", omittingEmptySubsequences: false).map { Int($0) }
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

extension Slice<UnsafeBufferPointer<UInt8>> {
    fileprivate func ends(with mark: StaticString) -> Bool {
        count >= mark.utf8CodeUnitCount
            && suffix(mark.utf8CodeUnitCount).elementsEqual(
                UnsafeBufferPointer(start: mark.utf8Start, count: mark.utf8CodeUnitCount))
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
