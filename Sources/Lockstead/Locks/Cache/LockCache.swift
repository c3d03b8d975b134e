public import LockCore

/// A cache whose values are loaded by one at a time, wherever it runs: who misses while another loads waits for that one's value.
///
/// Each key has a lock. A loader stores under its lock's token, and so does an invalidation: what is late is refused by the store, so that
/// a loader which lost its lock cannot overwrite newer data. A loader that dies delays the next by its lease; one that throws, not at all.
public struct LockCache<Store: FencedCacheStore>: Sendable {
    let client: LockClient
    /// What the names of its locks begin with.
    public let prefix: String
    /// Where the values are.
    public let store: Store

    /// How often a load is done anew because its lock was lost before it could store.
    private static var mostLoads: Int { 3 }

    /// The value of a key: the stored one, else what `load` brings, which is then stored.
    ///
    /// A hit asks only the store. On a miss the key's lock is taken, so that one caller loads and the others find its value.
    ///
    /// - Parameters:
    ///   - key: Which; a name below the cache's prefix.
    ///   - waitingAtMost: How long to wait for another's load; for ever where `nil`.
    ///   - lease: How long a dead loader delays the next; renewed while it loads. `nil`: the client's default, 30 s unless configured.
    ///   - load: Brings the value; may be called again where the lock was lost meanwhile.
    /// - Returns: The value.
    /// - Throws: What `load` or the store throws; `CancellationError`; `LockError` with `timedOut`, with `leaseLost` where the lock was lost
    ///   again and again, or with what else stands against it (``LockError/Code``).
    public func value(
        for key: some LockNaming, waitingAtMost: Duration? = nil, lease: Duration? = nil,
        orLoad load: @escaping @Sendable (Lease) async throws -> Store.Value
    ) async throws -> Store.Value {
        let name = try name(of: key)
        let end = try client.end(ofWaiting: waitingAtMost)
        for _ in 0..<Self.mostLoads {
            if let value = try await store.load(name) { return value }
            let loaded = try await client.withLockOutcome(
                name, waitingAtMost: client.rest(until: end), lease: lease, reentry: .refused, purpose: "cache load"
            ) { lease in
                try await self.loaded(name, under: lease, load)
            }.value
            if let loaded { return loaded }
        }
        throw LockError.leaseLost(
            bodyFinished: true,
            "The value of \"\(name)\" was loaded \(Self.mostLoads) times, and each time the lock was lost before it could be stored. Ask for a longer lease."
        )
    }

    /// Removes the value of a key: after it returned, no value loaded before is found.
    ///
    /// Waits for a load under way, so call it after the change at the source.
    ///
    /// - Parameters:
    ///   - key: Which.
    ///   - waitingAtMost: How long to wait for another's load; for ever where `nil`.
    /// - Throws: What the store throws; `CancellationError`; `LockError` with `timedOut`, with `leaseLost` where the lock was lost before it was
    ///   done, or with what else stands against it (``LockError/Code``).
    public func invalidate(_ key: some LockNaming, waitingAtMost: Duration? = nil) async throws {
        let name = try name(of: key)
        let isDone = try await client.withLockOutcome(
            name, waitingAtMost: waitingAtMost, reentry: .refused, purpose: "cache invalidation"
        ) { lease in
            try await store.invalidate(name, under: lease.token)
        }.value
        if !isDone { throw LockClient.overtaken(name) }
    }

    /// Under the lock: what another has stored meanwhile, else what is loaded; `nil` where somebody newer has stored or invalidated.
    private func loaded(
        _ name: LockName, under lease: Lease, _ load: @Sendable (Lease) async throws -> Store.Value
    ) async throws -> Store.Value? {
        if let value = try await store.load(name) { return value }
        let value = try await load(lease)
        return try await store.store(value, in: name, under: lease.token) ? value : nil
    }

    private func name(of key: some LockNaming) throws(LockError) -> LockName {
        try LockName("\(prefix)/\(try key.lockName())")
    }
}

extension LockClient {
    /// A cache over a store of your own, loaded by one at a time across all clients.
    ///
    /// - Parameters:
    ///   - prefix: What the names of its locks begin with.
    ///   - store: Where the values are.
    /// - Returns: The cache; nothing is sent yet.
    /// - Throws: `LockError` with `invalidName`.
    public func cache<Store: FencedCacheStore>(
        _ prefix: some LockNaming, over store: Store
    ) throws(LockError) -> LockCache<Store> {
        LockCache(client: self, prefix: try prefix.lockName().text, store: store)
    }

    /// A cache of small values in the engine itself, loaded by one at a time across all clients.
    ///
    /// - Parameters:
    ///   - prefix: What the names of its locks and registers begin with; use them for nothing else.
    ///   - keptFor: How long values are kept; `nil`, the default: until they are invalidated.
    /// - Returns: The cache; nothing is sent yet.
    /// - Throws: `LockError` with `invalidName` or `invalidOption`.
    public func cache(
        _ prefix: some LockNaming, keptFor: Duration? = nil
    ) throws(LockError) -> LockCache<RegisterCacheStore> {
        try Self.check(keptFor: keptFor)
        return try cache(prefix, over: RegisterCacheStore(client: self, keptFor: keptFor))
    }
}
