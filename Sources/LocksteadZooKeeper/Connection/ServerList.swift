import Lockstead
import Synchronization

/// Which server is tried next: all in an order of this client's own, so that clients spread, and each once before any again.
final class ServerList: Sendable {
    private struct State {
        var endpoints: [ZooKeeperEndpoint]
        var next = 0
    }

    private let state: Mutex<State>
    let count: Int

    init(_ endpoints: [ZooKeeperEndpoint]) {
        state = Mutex(State(endpoints: endpoints.shuffled()))
        count = endpoints.count
    }

    func next() -> ZooKeeperEndpoint {
        state.withLock { state in
            defer { state.next = (state.next + 1) % state.endpoints.count }
            return state.endpoints[state.next]
        }
    }
}
