import LockCore
import Synchronization

extension Lease {
    /// The events of several grants in one stream, which ends when all of theirs have.
    func mergedEvents() -> AsyncStream<LeaseEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: LeaseEvent.self, bufferingPolicy: .bufferingNewest(256))
        let open = OpenCount(parts.count)
        for part in parts {
            part.addListener { event in
                if let event { return continuation.take(event) }
                return open.close() ? continuation.take(nil) : false
            }
        }
        return stream
    }
}

/// Counts down to the last stream that ends.
private final class OpenCount: Sendable {
    private let open: Mutex<Int>
    init(_ count: Int) { open = Mutex(count) }
    /// - Returns: Whether it was the last.
    func close() -> Bool {
        open.withLock { open in
            open -= 1
            return open == 0
        }
    }
}
