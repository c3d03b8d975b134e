import Lockstead
import Synchronization

/// Notes in which order requests were granted.
///
/// Each holder notes itself before it releases, so the order is true.
final class GrantOrder: Sendable {
    private let state = Mutex<[RequestID]>([])

    var requests: [RequestID] { state.withLock { $0 } }

    func append(_ request: RequestID) { state.withLock { $0.append(request) } }

    /// The same as numbers, for people.
    func places(in asked: [LockRequest]) -> [Int] {
        requests.map { request in asked.firstIndex { $0.id == request } ?? -1 }
    }
}
