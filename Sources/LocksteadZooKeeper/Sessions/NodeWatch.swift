import Jute
import Lockstead
import Synchronization

/// Somebody's interest in one node: what its watch told, and whom to wake.
final class NodeWatch: Sendable {
    enum Kind: Sendable, Hashable {
        /// The node's end, or that its data was written.
        case node
        /// That children came or went.
        case children
    }

    private struct State {
        var happened: ZKEvent.Kind?
        var isNew = false
        var isSet = false
    }

    let kind: Kind
    let path: String
    private let bell: LookBell
    private let state = Mutex(State())

    init(_ kind: Kind, _ path: String, _ bell: LookBell) { (self.kind, self.path, self.bell) = (kind, path, bell) }

    /// What happened last; an end is final.
    var happened: ZKEvent.Kind? { state.withLock { $0.happened } }

    /// Whether a server has been asked to tell, and has not told yet.
    var isSet: Bool {
        get { state.withLock { $0.isSet } }
        set { state.withLock { $0.isSet = newValue } }
    }

    /// Whether something has happened since this was last asked.
    func take() -> Bool {
        state.withLock { state in
            defer { state.isNew = false }
            return state.isNew
        }
    }

    /// A watch tells once.
    func tell(_ event: ZKEvent.Kind?) {
        state.withLock { state in
            if state.happened != .deleted { state.happened = event }
            (state.isNew, state.isSet) = (true, false)
        }
        bell.signal.ring()
    }

    func ring() { bell.ring() }
}
