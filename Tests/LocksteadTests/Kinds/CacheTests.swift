import LockCore
import Lockstead
import Synchronization
import Testing

@Suite("Cache loader over a store of one's own")
struct CacheTests {
    @Test("a loader that was overtaken finds the newer value, and cannot overwrite it (S6)")
    func overtaken() async throws {
        let store = MemoryStore()
        let loads = Atomic(0)
        try await LockClient.with(.inProcess(InProcessStore())) { client in
            let cache = try client.cache("prices", over: store)
            let value = try await cache.value(for: "eur") { lease in
                loads.add(1, ordering: .relaxed)
                // Somebody newer stores while this one loads.
                let newer = FencingToken(rawValue: lease.token.rawValue + 1)
                let isTaken = try await store.store("new", in: lease.name, under: newer)
                #expect(isTaken)
                return "old"
            }
            #expect(value == "new")
            let found = try await cache.value(for: "eur") { _ in "never" }
            #expect(found == "new")
        }
        #expect(loads.load(ordering: .relaxed) == 1)
    }

    @Test("a loader that is overtaken by invalidations again and again gives up, and stores nothing (S6)")
    func invalidatedAgainAndAgain() async throws {
        let store = MemoryStore()
        try await LockClient.with(.inProcess(InProcessStore())) { client in
            let cache = try client.cache("prices", over: store)
            let error = await #expect(throws: LockError.self) {
                try await cache.value(for: "eur") { lease in
                    let newer = FencingToken(rawValue: lease.token.rawValue + 1_000)
                    _ = try await store.invalidate(lease.name, under: newer)
                    return "old"
                }
            }
            #expect(error?.code == .leaseLost)
            let left = try await store.load(try LockName("prices/eur"))
            #expect(left == nil)
        }
    }

    /// Remembers the newest token per name, with or without a value.
    private final class MemoryStore: FencedCacheStore {
        private struct Entry {
            var newest = FencingToken(rawValue: 0)
            var value: String?
        }

        private let entries = Mutex<[LockName: Entry]>([:])

        func load(_ name: LockName) async throws -> String? { entries.withLock { $0[name]?.value } }

        func store(_ value: String, in name: LockName, under token: FencingToken) async throws -> Bool {
            put(value, name, token)
        }

        func invalidate(_ name: LockName, under token: FencingToken) async throws -> Bool { put(nil, name, token) }

        private func put(_ value: String?, _ name: LockName, _ token: FencingToken) -> Bool {
            entries.withLock { entries in
                guard token >= entries[name]?.newest ?? token else { return false }
                entries[name] = Entry(newest: token, value: value)
                return true
            }
        }
    }
}
