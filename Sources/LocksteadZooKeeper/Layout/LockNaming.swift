import Lockstead

/// Where the parts of a lock lie among the nodes.
struct LockPaths: Sendable, Hashable {
    let name: LockName
    /// The node whose children contend: Curator's and kazoo's path of the lock.
    let queue: String

    /// The value of the register beside the lock.
    var registerValue: String { queue + "/" + Self.registerValueEnd }
    /// The newest token that the register has seen.
    var registerToken: String { queue + "/" + Self.registerTokenEnd }

    static let registerValueEnd = "~register-value"
    static let registerTokenEnd = "~register-token"

    /// Where one contender lies.
    func contender(_ name: ContenderName) -> String { queue + "/" + name.text }
}

/// How names become paths, and paths names.
///
/// A name is its path. What ZooKeeper forbids in paths, what would be taken for something else, and the percent sign are written as a
/// percent sign and two hexadecimal digits for each byte.
struct LockNaming: Sendable, Hashable {
    /// The node below which everything lies; empty for the root.
    let root: String

    /// - Parameters:
    ///   - chroot: Such as `/teams/orders`, or nothing.
    ///   - prefix: What stands before every name.
    init(chroot: String, prefix: String) {
        let parts = (chroot.split(separator: "/") + prefix.split(separator: "/")).map { "/" + $0 }
        root = parts.joined()
    }

    func paths(of name: LockName) -> LockPaths { LockPaths(name: name, queue: root + path(of: name.text)) }

    private func path(of text: String) -> String {
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        return segments.enumerated().map { "/" + Self.encode($1, isFirst: root.isEmpty && $0 == 0) }.joined()
    }

    /// The name of a queue's node; `nil` for what lies elsewhere, or is no name.
    func name(ofQueue path: String) -> LockName? {
        guard path.hasPrefix(root + "/") else { return nil }
        let segments = path.dropFirst(root.count + 1).split(separator: "/", omittingEmptySubsequences: false)
        // Below nodes of our own there are no locks.
        guard !segments.contains(where: { $0.first == "~" }) else { return nil }
        let text = segments.map { WordCoding.decode($0) }.joined(separator: "/")
        // A path that is no name is somebody else's.
        return try? LockName(text)
    }

    /// The lock that a contender's node belongs to; `nil` for nodes that are none.
    func contender(_ path: String) -> (name: LockName, contender: ContenderName)? {
        guard let slash = path.lastIndex(of: "/"), let own = ContenderName(String(path[path.index(after: slash)...])),
            let name = name(ofQueue: String(path[..<slash]))
        else { return nil }
        return (name, own)
    }

    /// The name whose register's value a node is; `nil` for other nodes.
    func register(_ path: String) -> LockName? {
        let end = "/" + LockPaths.registerValueEnd
        guard path.hasSuffix(end) else { return nil }
        return name(ofQueue: String(path.dropLast(end.count)))
    }

    /// Where clients are told of what was revoked.
    var sessions: String { root + Self.sessionsEnd }
    static let sessionsEnd = "/~sessions"

    func session(_ id: Int64) -> String { sessions + "/" + Self.text(of: id) }

    static func text(of session: Int64) -> String { String(UInt64(bitPattern: session), radix: 16) }

    /// A node that is there as long as anything of ours is: what a proof of life checks where it can check nothing else.
    var rootNode: String { root.isEmpty ? "/" : root }

    private static func encode(_ segment: Substring, isFirst: Bool) -> String {
        // Nodes of our own begin so: behind all digits, where Curator takes none of them for one that came before it.
        if segment.first == "~" { return percent("~") + encode(segment.dropFirst(), isFirst: false) }
        var text = segment.unicodeScalars.map { isAllowed($0) ? String($0) : percent(String($0)) }.joined()
        // A name that looks like somebody who waits for the name above it would be taken for that.
        if ContenderName(text) != nil, let last = text.last { text = text.dropLast() + percent(String(last)) }
        // ZooKeeper's own.
        if isFirst, text == "zookeeper" { text = "%7aookeeper" }
        return text
    }

    /// What ZooKeeper takes in a path: it looks at units of UTF-16, and takes no surrogates, so nothing beyond the first 65,536.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x25, 0x7F...0x9F, 0xD800...0xF8FF, 0xFFF0...: false
        default: true
        }
    }

    private static func percent(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
