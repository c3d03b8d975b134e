import Lockstead
import LockCore

/// One small path, run over and over with nothing around it: what allocations and instructions are counted by.
public enum Probe: String, CaseIterable, Sendable {
    /// A table's acquire and release, without session list or dedup, on a name that is kept.
    case table
    /// The in-process engine's acquire and release, on a name that is kept.
    case pair
    /// The whole `withLock` of a client of the in-process engine.
    case withLock = "withlock"

    /// Runs the path and tells how long batches of 10 rounds took.
    ///
    /// - Parameter rounds: How often.
    /// - Returns: Nanoseconds per round, one figure for each batch.
    /// - Throws: What the engine refuses.
    public func run(rounds: Int) async throws -> [Int64] {
        switch self {
        case .table: try Self.table(rounds)
        case .pair: try await Self.pair(rounds)
        case .withLock: try await Self.withLock(rounds)
        }
    }

    static let batch = 10

    private static func pair(_ rounds: Int) async throws -> [Int64] {
        let backend: any LockBackend = InProcessBackend(store: InProcessStore())
        let names = [try LockName("bench/pair")]
        var figures = [Int64](repeating: 0, count: rounds / batch)
        let time = SystemTimeSource()
        var id: UInt64 = 0
        var request = LockRequest(
            id: RequestID(high: 1, low: id), owner: OwnerID(high: 2, low: id), names: names, wait: .never)
        for place in figures.indices {
            let start = time.now
            for _ in 0..<batch {
                id += 1
                (request.id, request.owner) = (RequestID(high: 1, low: id), OwnerID(high: 2, low: id))
                guard case .granted(let grant) = try await backend.acquire(request) else { continue }
                _ = try await backend.release(grant, deadline: .distantFuture)
            }
            figures[place] = (time.now.nanoseconds - start.nanoseconds) / Int64(batch)
        }
        return figures
    }

    private static func withLock(_ rounds: Int) async throws -> [Int64] {
        try await LockClient.with(.inProcess(InProcessStore())) { client in
            let name = try LockName("bench/withlock")
            var figures = [Int64](repeating: 0, count: rounds / batch)
            let time = SystemTimeSource()
            for place in figures.indices {
                let start = time.now
                for _ in 0..<batch { try await client.withLock(name) { _ in } }
                figures[place] = (time.now.nanoseconds - start.nanoseconds) / Int64(batch)
            }
            return figures
        }
    }

    private static func table(_ rounds: Int) throws -> [Int64] {
        var table = LockTable(keepsDigest: false)
        var effects: [Effect] = []
        let session = SessionID(high: 1, low: 1)
        _ = table.apply(.openSession(.init(session: session, timeToLive: .seconds(30))), at: .zero, effects: &effects)
        let names = [try LockName("bench/table")]
        var figures = [Int64](repeating: 0, count: rounds / batch)
        let time = SystemTimeSource()
        var id: UInt64 = 0
        for place in figures.indices {
            let start = time.now
            for _ in 0..<batch {
                id += 1
                let request = Command.Acquire(
                    session: session, request: RequestID(high: 1, low: id), owner: OwnerID(high: 2, low: id),
                    names: names)
                let now = LogTime(nanoseconds: Int64(id))
                if case .granted(let grant) = table.apply(.acquire(request), at: now, effects: &effects) {
                    let release = Command.Release(session: session, names: names, token: grant.token)
                    _ = table.apply(.release(release), at: now, effects: &effects)
                }
                effects.removeAll(keepingCapacity: true)
            }
            figures[place] = (time.now.nanoseconds - start.nanoseconds) / Int64(batch)
        }
        return figures
    }
}
