import Lockstead
import Synchronization

/// Watches one name from inside its critical sections: whether two were ever in at once, and whether tokens rise.
///
/// It shares nothing with any engine, so that an engine which lets two in is caught by someone else.
final class Witness: Sendable {
    private struct State {
        var inside: Int?
        var last: Int?
        var lastToken: FencingToken?
        var releasedAt: ContinuousTime?
        var violations = 0
    }

    /// What an entry tells of the one before.
    struct Entry: Sendable {
        /// Who had the lock before is who has it now.
        let isRetaken: Bool
        /// When the holder before began its release.
        let releasedAt: ContinuousTime?
    }

    private let state = Mutex(State())
    private let file: WitnessFile?

    /// - Parameter file: What clients of other programs see of it.
    init(_ file: WitnessFile? = nil) { self.file = file }

    var violations: Int { state.withLock { $0.violations } }

    /// Whether somebody is inside now.
    var isOccupied: Bool { state.withLock { $0.inside != nil } }

    /// Something else went wrong that no engine may do.
    func fail() { state.withLock { $0.violations += 1 } }

    /// A client begins its critical section.
    func enter(_ client: Int, _ token: FencingToken) -> Entry {
        let isAlone = file?.make() ?? true
        return state.withLock { state in
            let isBelow = state.lastToken.map { token <= $0 } ?? false
            if state.inside != nil || isBelow || !isAlone { state.violations += 1 }
            defer { (state.inside, state.last, state.lastToken) = (client, client, token) }
            return Entry(isRetaken: state.last == client, releasedAt: state.releasedAt)
        }
    }

    /// A client ends its critical section and is about to release.
    func leave(_ client: Int, at now: ContinuousTime) {
        let wasAlone = file?.remove() ?? true
        state.withLock { state in
            if state.inside != client || !wasAlone { state.violations += 1 }
            (state.inside, state.releasedAt) = (nil, now)
        }
    }
}
