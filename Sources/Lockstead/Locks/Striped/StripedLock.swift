public import LockCore

/// A fixed number of locks (lock segments) that share any number of keys among them.
///
/// Each key belongs to one stripe, whose lock is `prefix/0`, `prefix/1` and so on. Keys of one stripe exclude each other though they have
/// nothing to do with one another; in return the engine keeps no more than ``stripes`` locks, however many keys there are.
///
/// Which stripe a key has is the same in every process and every version: FNV-1a (64 bits) over the UTF-8 bytes of the key in Unicode
/// normalization form C, mixed by MurmurHash3's 64-bit finalizer, modulo ``stripes``. Everyone who uses a prefix must use the same
/// number of stripes: with another number a key has another lock. To change it, stop all users first or take a new prefix.
public struct StripedLock: Sendable {
    /// The most stripes there can be.
    public static let mostStripes = 65_536

    let client: LockClient
    /// How the stripes' names start.
    public let prefix: LockName
    /// How many stripes there are.
    public let stripes: Int

    init(client: LockClient, prefix: LockName, stripes: Int) throws(LockError) {
        guard (1...Self.mostStripes).contains(stripes) else {
            throw .invalid("A lock of \(stripes) stripes is out of range; use 1 to \(Self.mostStripes).")
        }
        // The longest of the names, so that none of the others can be too long later.
        _ = try LockName("\(prefix)/\(stripes - 1)")
        (self.client, self.prefix, self.stripes) = (client, prefix, stripes)
    }

    /// The stripe a key belongs to.
    ///
    /// - Parameter key: Any text; the rules for names do not apply to it.
    /// - Returns: A number from zero up, below ``stripes``.
    public func stripe(of key: String) -> Int { Int(StableHash.hash(key) % UInt64(stripes)) }

    /// The lock of the stripe a key belongs to, such as for ``Lease/token(for:)``.
    ///
    /// - Parameter key: Any text.
    /// - Returns: The name of its lock.
    public func name(of key: String) -> LockName { name(ofStripe: stripe(of: key)) }

    /// The locks of several keys: each stripe once, sorted, so that keys that share a stripe do not wait for each other.
    func names(of keys: [String]) -> [LockName] { Set(keys.map(stripe)).sorted().map(name(ofStripe:)) }

    private func name(ofStripe stripe: Int) -> LockName {
        guard let name = try? LockName("\(prefix)/\(stripe)") else {
            // The initialiser tried the longest of them.
            preconditionFailure("stripe \(stripe) of \"\(prefix)\" has no name")
        }
        return name
    }
}

extension LockClient {
    /// A striped lock: `stripes` locks under `prefix` that share all keys among them.
    ///
    /// - Parameters:
    ///   - prefix: How the stripes' names start, such as `accounts`.
    ///   - stripes: How many there are, 1 to ``StripedLock/mostStripes``; the same wherever the prefix is used.
    /// - Returns: The lock; nothing is sent yet.
    /// - Throws: `LockError` with `invalidName` or `invalidOption`.
    public func striped(_ prefix: some LockNaming, stripes: Int) throws(LockError) -> StripedLock {
        try StripedLock(client: self, prefix: try prefix.lockName(), stripes: stripes)
    }
}
