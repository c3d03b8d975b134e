public import LockCore

/// Where a ``LockCache`` keeps its values: a store that refuses what comes under a token older than one it has seen.
///
/// A store remembers, per name, the newest token that stored or invalidated, also when it holds no value: else a loader that lost its lock
/// could bring back what was invalidated. ``RegisterCacheStore`` is one; a table with a column for the token, or a Redis script, make
/// others.
public protocol FencedCacheStore<Value>: Sendable {
    /// What it keeps.
    associatedtype Value: Sendable

    /// The value of a name, or `nil` where there is none.
    ///
    /// - Throws: What kept it from being read.
    func load(_ name: LockName) async throws -> Value?

    /// Keeps a value, unless it has seen a newer token for the name.
    ///
    /// - Returns: Whether it did.
    /// - Throws: What kept it from being stored.
    func store(_ value: Value, in name: LockName, under token: FencingToken) async throws -> Bool

    /// Removes the value of a name, and notes the token, unless it has seen a newer one.
    ///
    /// - Returns: Whether it did.
    /// - Throws: What kept it from being removed.
    func invalidate(_ name: LockName, under token: FencingToken) async throws -> Bool
}

/// Keeps a cache's values in the engine itself, beside its locks: small ones, of ``maximumByteCount`` bytes at most.
public struct RegisterCacheStore: FencedCacheStore {
    private static let kind = UInt8(ascii: "C")
    /// The most bytes a value may have.
    public static let maximumByteCount = Register.maximumByteCount - 1

    let client: LockClient
    /// How long values are kept by the engine; `nil`: until they are invalidated.
    public let keptFor: Duration?

    /// The value of a name; one that has ended is gone.
    ///
    /// - Parameter name: Which.
    /// - Returns: The bytes, or `nil`.
    /// - Throws: `LockError`: `unsupported`, `kindMismatch` where the name holds something else, or a failure of the engine.
    public func load(_ name: LockName) async throws -> [UInt8]? {
        try client.capabilities.demand(.registers, for: "a cache in the engine")
        try await client.awaitRunning(until: nil)
        guard let value = try await client.loadRegister(name).value else { return nil }
        guard value.first == Self.kind else { throw LockError.foreignRegister(name, of: "a cached value") }
        return Array(value.dropFirst())
    }

    /// Keeps a value, unless a newer token was seen.
    ///
    /// - Parameters:
    ///   - value: The bytes.
    ///   - name: Which.
    ///   - token: The token of a grant of the name.
    /// - Returns: Whether it did.
    /// - Throws: `LockError`: `limitExceeded` for a value that is too long, or a failure of the engine.
    public func store(_ value: [UInt8], in name: LockName, under token: FencingToken) async throws -> Bool {
        let content = RegisterWrite.Content.value([Self.kind] + value, keptFor: keptFor)
        return try await isTaken(RegisterWrite(content, in: name, under: token))
    }

    /// Removes the value of a name, unless a newer token was seen.
    ///
    /// - Parameters:
    ///   - name: Which.
    ///   - token: The token of a grant of the name.
    /// - Returns: Whether it did.
    /// - Throws: `LockError`: a failure of the engine.
    public func invalidate(_ name: LockName, under token: FencingToken) async throws -> Bool {
        try await isTaken(RegisterWrite(.nothing, in: name, under: token))
    }

    private func isTaken(_ write: RegisterWrite) async throws -> Bool {
        try client.capabilities.demand(.registers, for: "a cache in the engine")
        if case .stored = try await client.storeRegister(write) { return true }
        return false
    }
}
