import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("LockClient: options are checked before anything is sent", .timeLimit(.minutes(1)))
struct ClientOptionTests {
    struct Bad: Sendable, CustomTestStringConvertible {
        let what: String
        let code: LockError.Code
        let says: String
        let call: @Sendable (LockClient) async throws -> Void
        var testDescription: String { what }
    }

    static let bad: [Bad] = [
        Bad(what: "an empty name", code: .invalidName, says: "empty") { try await $0.withLock("") { _ in } },
        Bad(what: "a zero lease", code: .invalidOption, says: "positive") {
            try await $0.withLock("a", lease: .zero) { _ in }
        },
        Bad(what: "a negative lease", code: .invalidOption, says: "positive") {
            try await $0.withLock("a", lease: .seconds(-1)) { _ in }
        },
        Bad(what: "a lease longer than the engine takes", code: .invalidOption, says: "300.0 seconds") {
            try await $0.withLock("a", lease: .seconds(301)) { _ in }
        },
        Bad(what: "a lease of forty years", code: .invalidOption, says: "longer") {
            try await $0.withLock("a", lease: .seconds(1_261_440_000)) { _ in }
        },
        Bad(what: "a lease shorter than the engine takes", code: .invalidOption, says: "shorter") {
            try await $0.withLock("a", lease: .milliseconds(499)) { _ in }
        },
        Bad(what: "a negative wait", code: .invalidOption, says: "negative") {
            try await $0.withLock("a", waitingAtMost: .nanoseconds(-1)) { _ in }
        },
        Bad(what: "no permits", code: .invalidOption, says: "0 permits") {
            try await $0.semaphore("a", permits: 4).withPermits(0) { _ in }
        },
        Bad(what: "more permits than there are", code: .invalidOption, says: "5 permits of 4") {
            try await $0.semaphore("a", permits: 4).withPermits(5) { _ in }
        },
        Bad(what: "a semaphore without permits", code: .invalidOption, says: "0 permits") {
            _ = try $0.semaphore("a", permits: 0)
        },
        Bad(what: "a semaphore beyond the limit", code: .invalidOption, says: "1000001") {
            _ = try $0.semaphore("a", permits: 1_000_001)
        },
        Bad(what: "no names", code: .invalidOption, says: "No name") { try await $0.withLocks([String]()) { _ in } },
        Bad(what: "33 names", code: .invalidOption, says: "33 names") {
            try await $0.withLocks((0..<33).map { "a/\($0)" }) { _ in }
        },
        Bad(what: "a name twice", code: .invalidOption, says: "\"b\" was given twice") {
            try await $0.withLocks(["b", "a", "b"]) { _ in }
        },
        Bad(what: "a negative lock-delay", code: .invalidOption, says: "negative") {
            try await $0.withLock("a", terms: .init(lockDelay: .seconds(-1))) { _ in }
        },
        Bad(what: "a negative minimum hold", code: .invalidOption, says: "negative") {
            try await $0.withLock("a", terms: .init(minimumHold: .seconds(-1))) { _ in }
        },
        Bad(what: "a lock-delay of more than a day", code: .invalidOption, says: "86400") {
            try await $0.withLock("a", terms: .init(lockDelay: .seconds(86_401))) { _ in }
        },
        Bad(what: "a minimum hold of centuries", code: .invalidOption, says: "86400") {
            try await $0.withLock("a", terms: .init(minimumHold: .seconds(Int64.max))) { _ in }
        },
        Bad(what: "a cap of zero", code: .invalidOption, says: "cap") {
            try await $0.withLock("a", terms: .init(maximumHold: .zero)) { _ in }
        },
        Bad(what: "a minimum hold above the cap", code: .invalidOption, says: "longer than the cap") {
            try await $0.withLock("a", terms: .init(minimumHold: .seconds(2), maximumHold: .seconds(1))) { _ in }
        },
        Bad(what: "a purpose of more than 4 KiB", code: .invalidOption, says: "4097") {
            try await $0.withLock("a", purpose: String(repeating: "x", count: 4_097)) { _ in }
        },
        Bad(what: "a guarantee beyond the engine's", code: .guaranteeTooWeak, says: "strict") {
            try await $0.withLock("a", require: .init(scope: .sites)) { _ in }
        },
        Bad(what: "a lock-delay on an engine without", code: .unsupported, says: "lock-delay") {
            try await $0.withLock("a", terms: .init(lockDelay: .seconds(1))) { _ in }
        },
        Bad(what: "a minimum hold on an engine without", code: .unsupported, says: "minimum hold") {
            try await $0.withLock("a", terms: .init(minimumHold: .seconds(1))) { _ in }
        },
        Bad(what: "a priority on an engine without", code: .unsupported, says: "priorities") {
            try await $0.withLock("a", priority: 1) { _ in }
        },
        Bad(what: "a forced release without a reason", code: .invalidOption, says: "reason") {
            try await $0.forceRelease("a", reason: "")
        },
        Bad(what: "a list of none", code: .invalidOption, says: "limit") { _ = try await $0.list(limit: 0) },
    ]

    @Test("Bad input is a clear error, and the engine never sees it", arguments: bad)
    func refused(bad: Bad) async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let failure = try #require(await error { try await bad.call(locks) } as? LockError)
            #expect(failure.code == bad.code)
            #expect(failure.effect == .didNotHappen)
            #expect(failure.message.contains(bad.says), "\(failure.message)")
        }
        #expect(fixture.engine.calls.filter { $0 != .run && $0 != .stopped } == [])
    }

    @Test("What an engine cannot carry is refused, naming engine and feature")
    func unsupported() async throws {
        let features: Capabilities.Features = [
            .shared, .permits, .barging, .maximumHold, .downgrade, .inspect, .list, .changes, .forceRelease,
        ]
        let fixture = ClientFixture(.strict(removing: features))
        try await fixture.run { locks in
            let calls: [@Sendable () async throws -> Void] = [
                { try await locks.withLock("a", mode: .shared) { _ in } },
                { try await locks.semaphore("a", permits: 2).withPermit { _ in } },
                { try await locks.withLock("a", fairness: .barging) { _ in } },
                { try await locks.withLock("a", terms: .init(maximumHold: .seconds(9))) { _ in } },
                { _ = try await locks.inspect("a") },
                { _ = try await locks.list() },
                { for try await _ in locks.changes() {} },
                { try await locks.forceRelease("a", reason: "why") },
            ]
            for call in calls {
                let failure = try #require(await error(of: call) as? LockError)
                #expect(failure.code == .unsupported)
                #expect(failure.message.contains("strict"))
            }
            let lock = try await locks.acquire("a")
            #expect(await code { try await locks.downgrade(lock) } == .unsupported)
            try await lock.release()
        }
    }

    @Test("A renewal interval is taken up to two thirds of the lease, and refused beyond")
    func renewalInterval() async throws {
        var configuration = LockClient.Configuration()
        configuration.renewEvery = .seconds(20)
        let fixture = ClientFixture(configuration: configuration)
        try await fixture.run { locks in
            try await locks.withLock("a", lease: .seconds(30)) { _ in }
            #expect(await code { try await locks.withLock("a", lease: .seconds(29)) { _ in } } == .invalidOption)
        }
    }
}
