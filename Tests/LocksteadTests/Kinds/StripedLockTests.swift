import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("Striped locks", .timeLimit(.minutes(1)))
struct StripedLockTests {
    private let store = InProcessStore()

    private func with<R: Sendable>(_ body: (LockClient) async throws -> R) async throws -> R {
        try await LockClient.with(.inProcess(store)) { try await body($0) }
    }

    @Test("A key has the same stripe in every process and version")
    func pinned() async throws {
        try await with { locks in
            let striped = try locks.striped("accounts", stripes: 16)
            #expect(["", "a", "foobar", "orders/42", "é"].map(striped.stripe) == [6, 11, 11, 15, 11])
            #expect(striped.name(of: "a").text == "accounts/11")
            let finer = try locks.striped("accounts", stripes: 64)
            #expect(["", "a", "foobar", "orders/42", "é"].map(finer.stripe) == [38, 27, 43, 47, 59])
        }
    }

    @Test("Keys of one stripe exclude each other, keys of different stripes do not")
    func excludes() async throws {
        try await with { locks in
            let striped = try locks.striped("s", stripes: 16)
            try await striped.withLock("a") { lease in
                #expect(lease.name == striped.name(of: "a"))
                // Another client: this one may enter again.
                let others = try await with { client in
                    var found: [String: Bool] = [:]
                    for key in ["foobar", "orders/42"] {
                        found[key] = try await client.striped("s", stripes: 16).tryWithLock(key) { _ in true } ?? false
                    }
                    return found
                }
                #expect(others == ["foobar": false, "orders/42": true])
            }
        }
    }

    @Test("Several keys that share a stripe take it once, and do not wait for themselves")
    func sharedStripe() async throws {
        try await with { locks in
            let striped = try locks.striped("s", stripes: 16)
            let names = try await striped.withLocks(["foobar", "orders/42", "a", "a", "é"], waitingAtMost: .zero) {
                lease in
                #expect(lease.token(for: striped.name(of: "é")) == lease.token(for: striped.name(of: "a")))
                return lease.names
            }
            #expect(names.map(\.text) == ["s/11", "s/15"])
            let one = try await striped.tryWithLocks(["a", "foobar"]) { $0.names.count }
            #expect(one == 1)
        }
    }

    @Test(
        "A thousand tasks with keys in any order never wait for each other in a circle, and exclude each other per stripe"
    )
    func noCircle() async throws {
        try await with { locks in
            let striped = try locks.striped("s", stripes: 8)
            let holders = Watched([Int](repeating: 0, count: 8))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1_000 {
                    group.addTask {
                        let keys = (0..<4).map { "key/\((number * 7 + $0 * 13) % 50)" }
                        try await striped.withLocks(number.isMultiple(of: 2) ? keys : keys.reversed()) { _ in
                            let stripes = Set(keys.map(striped.stripe))
                            let isAlone = holders.update { holders in
                                stripes.forEach { holders[$0] += 1 }
                                return stripes.allSatisfy { holders[$0] == 1 }
                            }
                            await Task.yield()
                            holders.update { holders in stripes.forEach { holders[$0] -= 1 } }
                            #expect(isAlone)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("Re-entry counts per stripe: another key of it enters under the same token")
    func reentry() async throws {
        try await with { locks in
            let striped = try locks.striped("s", stripes: 16)
            try await striped.withLock("a") { outer in
                try await striped.withLock("foobar", waitingAtMost: .zero) { #expect($0.token == outer.token) }
                await #expect(throws: LockError.self) {
                    try await striped.withLock("foobar", reentry: .refused) { _ in }
                }
            }
        }
    }

    @Test("A cancelled wait for several stripes leaves none of them behind")
    func cancelled() async throws {
        try await with { locks in
            let striped = try locks.striped("s", stripes: 16)
            let held = try await locks.acquire(striped.name(of: "orders/42"))
            // The test that makes this task owns it and awaits its end.
            let waiting = Task { try await striped.withLocks(["a", "orders/42"]) { _ in } }
            while try await locks.inspect(held.lease.name)?.waiterCount != 1 { await Task.yield() }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(try await locks.inspect(striped.name(of: "a")) == nil)
            try await held.release()
            #expect(try await locks.list(prefix: "s/").isEmpty)
        }
    }

    @Test("Stripes out of range, prefixes that leave no room, no keys, and keys of too many stripes are refused")
    func refused() async throws {
        try await with { locks in
            for stripes in [0, -1, StripedLock.mostStripes + 1] {
                #expect(throws: LockError.self) { try locks.striped("s", stripes: stripes) }
            }
            _ = try locks.striped(String(repeating: "x", count: 506), stripes: StripedLock.mostStripes)
            #expect(
                await code { _ = try locks.striped(String(repeating: "x", count: 507), stripes: 65_536) }
                    == .invalidName)
            #expect(await code { _ = try locks.striped("s/", stripes: 4) } == .invalidName)
            let striped = try locks.striped("s", stripes: 1_000)
            #expect(await code { try await striped.withLocks([]) { _ in } } == .invalidOption)
            let many = (0..<200).map(String.init)
            #expect(await code { try await striped.withLocks(many) { _ in } } == .invalidOption)
        }
    }
}
