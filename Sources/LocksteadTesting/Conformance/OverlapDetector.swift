import Lockstead
import Synchronization

/// Notices holders that are inside at the same time though their modes exclude it, and tokens that do not rise.
final class OverlapDetector: Sendable {
    private struct State {
        var writers = 0
        var readers = 0
        var permits = 0
        var entries = 0
        var mostReaders = 0
        var mostPermits = 0
        var lastExclusive = FencingToken(rawValue: 0)
        var violations: [String] = []
    }

    private let state = Mutex(State())

    /// What was seen, in plain words; empty where all was well.
    var violations: [String] { state.withLock { $0.violations } }
    var entries: Int { state.withLock { $0.entries } }
    var mostReaders: Int { state.withLock { $0.mostReaders } }
    var mostPermits: Int { state.withLock { $0.mostPermits } }

    func enter(_ grant: Grant) {
        state.withLock { state in
            state.entries += 1
            switch grant.mode {
            case .exclusive:
                if state.writers + state.readers > 0 {
                    state.violations.append("token \(grant.token) came in beside \(state.writers) + \(state.readers)")
                }
                if grant.token <= state.lastExclusive {
                    state.violations.append("token \(grant.token) came after \(state.lastExclusive)")
                }
                state.lastExclusive = grant.token
                state.writers += 1
            case .shared:
                if state.writers > 0 { state.violations.append("reader \(grant.token) came in beside a writer") }
                state.readers += 1
                state.mostReaders = max(state.mostReaders, state.readers)
            case .permits(let count, let limit):
                state.permits += count
                state.mostPermits = max(state.mostPermits, state.permits)
                if state.permits > limit { state.violations.append("\(state.permits) permits of \(limit) are out") }
            }
        }
    }

    func leave(_ grant: Grant) {
        state.withLock { state in
            switch grant.mode {
            case .exclusive: state.writers -= 1
            case .shared: state.readers -= 1
            case .permits(let count, _): state.permits -= count
            }
        }
    }
}
