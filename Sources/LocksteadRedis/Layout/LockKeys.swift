import Lockstead

/// Where the parts of a lock lie on the server (RULES 30): the key of the lock is its name, and everything else is beside it in its slot.
struct LockKeys: Sendable, Hashable {
    /// The lock itself, as any `SET NX PX` client sees it.
    let main: String
    private let base: String

    /// What side keys and channels end with; no name may.
    static let suffixes = ["fence", "queue", "shared", "records", "register"]

    init(main: String) {
        self.main = main
        // A name that has a hash tag keeps it; with two colons, so that "a" and "{a}" never meet.
        base = main.utf8.contains(UInt8(ascii: "{")) ? main + "::" : "{" + main + "}:"
    }

    /// The keys that the scripts take, in their order.
    var scriptKeys: [String] { [main, fence, queue, base + "shared", base + "records"] }
    var fence: String { base + "fence" }
    var queue: String { base + "queue" }
    var register: String { base + "register" }
}

extension LockKeys {
    /// What is wrong with a name on this engine, or `nil`.
    static func problem(with name: LockName) -> String? {
        let bytes = name.text.utf8
        if bytes.contains(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }), !hasHashTag(bytes) {
            return
                "The lock name \"\(name)\" has braces that are no hash tag; on Redis use none, or one pair around something."
        }
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let suffix = Substring(bytes[bytes.index(after: colon)...])
        guard suffixes.contains(where: { $0 == suffix }) else { return nil }
        return
            "The lock name \"\(name)\" ends in \":\(suffix)\", which names the engine's own keys on Redis; rename it."
    }
}

extension LockKeys {
    /// Whether the braces of a name are one pair around something.
    private static func hasHashTag(_ bytes: String.UTF8View) -> Bool {
        let (opening, closing) = (bytes.filter { $0 == UInt8(ascii: "{") }, bytes.filter { $0 == UInt8(ascii: "}") })
        guard opening.count == 1, closing.count == 1, let start = bytes.firstIndex(of: UInt8(ascii: "{")),
            let end = bytes.firstIndex(of: UInt8(ascii: "}"))
        else { return false }
        return bytes.index(after: start) < end
    }
}

/// How names become keys, and keys names.
struct LockNaming: Sendable, Hashable {
    /// What stands before every name.
    let prefix: String

    func keys(of name: LockName) throws(LockError) -> LockKeys {
        if let problem = LockKeys.problem(with: name) { throw LockError(.invalidName, problem, effect: .didNotHappen) }
        return LockKeys(main: prefix + name.text)
    }

    /// The name of a lock's key; `nil` for what is no lock of ours.
    func name(ofMain key: String) -> LockName? {
        guard key.utf8.starts(with: prefix.utf8) else { return nil }
        // A key that is no name is somebody else's.
        guard let name = try? LockName(String(key.dropPrefix(prefix))), LockKeys.problem(with: name) == nil else {
            return nil
        }
        return name
    }

    /// The name whose queue a key is; `nil` for other keys.
    func name(ofQueue key: String) -> LockName? {
        if key.hasSuffix("::queue") { return name(ofMain: String(key.dropLast("::queue".count))) }
        guard key.hasPrefix("{"), key.hasSuffix("}:queue") else { return nil }
        return name(ofMain: String(key.dropFirst().dropLast("}:queue".count)))
    }
}

extension String {
    /// Without so many bytes at its front as `prefix` has, compared and counted byte by byte.
    func dropPrefix(_ prefix: String) -> Substring { Substring(utf8.dropFirst(prefix.utf8.count)) }

    /// The text as a glob pattern that matches it alone.
    var globEscaped: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            if "*?[]\\".unicodeScalars.contains(scalar) { text.append("\\") }
            text.unicodeScalars.append(scalar)
        }
    }
}
