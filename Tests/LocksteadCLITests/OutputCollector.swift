import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Collects what a pipe or a terminal carries, and lets tests await a fact about it.
final class OutputCollector: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var ended = false
        var waiters: [AsyncStream<Void>.Continuation] = []
    }

    struct Timeout: Error, CustomStringConvertible {
        let description: String
    }

    private let state = Mutex(State())

    /// Reads to the end, on a thread of its own: Dispatch's sources have missed the hang-up of a pipe.
    init(_ handle: FileHandle) {
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = read(handle.fileDescriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                take(buffer.prefix(max(count, 0)))
                if count <= 0 { return }
            }
        }
    }

    /// No bytes are the end.
    private func take(_ bytes: ArraySlice<UInt8>) {
        let waiters = state.withLock { state in
            state.bytes += bytes
            if bytes.isEmpty { state.ended = true }
            return state.waiters
        }
        for waiter in waiters { waiter.yield() }
    }

    var text: String { String(decoding: state.withLock { $0.bytes }, as: UTF8.self) }

    func wait(for text: String, within patience: Duration) async throws {
        try await wait(until: { output, _ in output.contains(text) }, within: patience, "\"\(text)\"")
    }

    /// Waits until `fact` holds of the output so far and of whether it has ended.
    func wait(
        until fact: @escaping @Sendable (String, Bool) -> Bool, within patience: Duration, _ what: String = "the end"
    ) async throws {
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.waiters.append(continuation) }
        continuation.yield()
        let holds = await withTaskGroup(of: Bool.self) { group in
            group.addTask { [self] in
                for await _ in changes {
                    let ended = state.withLock { $0.ended }
                    if fact(text, ended) { return true }
                    if ended { return false }
                }
                return false
            }
            group.addTask {
                // Cancelled when the fact came in time.
                try? await Task.sleep(for: patience)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        guard holds else { throw Timeout(description: "waited \(patience) in vain for \(what) in:\n\(text)") }
    }
}
