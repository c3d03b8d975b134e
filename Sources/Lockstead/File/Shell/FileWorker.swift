internal import Dispatch
internal import LockCore

/// Carries file work off the cooperative pool, and takes contended state locks without blocking a thread.
struct FileWorker: Sendable {
    /// So many syncs may be under way at once; each name always goes to the same queue, so its calls keep their order.
    static let width = 4

    let time: any TimeSource
    private let queues = (0..<width).map { DispatchQueue(label: "lockstead.file.\($0)") }

    init(time: any TimeSource) { self.time = time }

    /// The queue's number for a name.
    static func lane(of key: NameKey) -> Int { Int(key.hash.utf8.first ?? 0) % width }

    func run<Value: Sendable>(on lane: Int, _ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            queues[lane].async { continuation.resume(returning: body()) }
        }
    }

    /// Runs `body` later, without anyone waiting for it.
    func enqueue(on lane: Int, after delay: DispatchTimeInterval = .never, _ body: @escaping @Sendable () -> Void) {
        if delay == .never { return queues[lane].async(execute: body) }
        queues[lane].asyncAfter(deadline: .now() + delay, execute: body)
    }

    /// Tries until the state lock was free, or the deadline passed: then `nil`.
    ///
    /// The lock is held for a millisecond or so; but a process may be stopped while it holds it, and must not stop us. A cancelled task
    /// goes on trying where `cancellable` is false: releases are finished (R20).
    func attempt<Value: Sendable>(
        _ key: NameKey, until deadline: ContinuousTime, cancellable: Bool = false,
        _ body: @escaping @Sendable () throws(LockError) -> Attempt<Value>
    ) async throws(LockError) -> Value? {
        var backoff = Backoff()
        while true {
            let result = await run(on: Self.lane(of: key)) { () -> Result<Attempt<Value>, LockError> in
                do throws(LockError) { return .success(try body()) } catch { return .failure(error) }
            }
            if case .done(let value) = try result.get() { return value }
            if time.now >= deadline || (cancellable && Task.isCancelled) { return nil }
            // The last try is at the deadline, not a pause after it (L5).
            await pause(min(backoff.next(), deadline - time.now))
        }
    }

    /// Real time, whatever clock was injected: the one we wait for is another process at work.
    func pause(_ span: TimeSpan) async {
        await withCheckedContinuation { continuation in
            queues[0].asyncAfter(deadline: .now() + .nanoseconds(Int(span.nanoseconds))) { continuation.resume() }
        }
    }
}

/// How long to leave a contended state lock alone: from half a millisecond, doubling to 16, the upper half by chance.
private struct Backoff {
    private var microseconds: Int64 = 500

    mutating func next() -> TimeSpan {
        defer { microseconds = min(2 * microseconds, 16_000) }
        return TimeSpan(nanoseconds: 1_000 * Int64.random(in: microseconds / 2...microseconds))
    }
}
