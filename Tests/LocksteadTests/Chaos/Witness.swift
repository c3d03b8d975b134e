import Lockstead
import Synchronization

/// Stands in every critical section and sees who is in it: independent of all that the client believes.
final class Witness: Sendable {
    struct Site: Sendable {
        var writers = 0
        var readers = 0
        var permits = 0
        var highest = FencingToken(rawValue: 0)
        var lastExclusive = FencingToken(rawValue: 0)
    }

    struct Record: Sendable {
        var sites: [LockName: Site] = [:]
        var problems: [String] = []
        var entries = 0
    }

    private let record = Mutex(Record())

    var problems: [String] { record.withLock { $0.problems } }
    var entries: Int { record.withLock { $0.entries } }

    func blame(_ what: String) { record.withLock { $0.problems.append(what) } }

    func enter(_ lease: Lease) {
        let mode = lease.mode
        record.withLock { record in
            record.entries += 1
            for name in lease.names {
                let token = lease.token(for: name) ?? lease.token
                if let problem = record.sites[name, default: Site()].enter(mode, token) {
                    record.problems.append("\(name): \(problem)")
                }
            }
        }
    }

    func leave(_ names: [LockName], _ mode: LockMode) {
        record.withLock { record in
            for name in names { record.sites[name, default: Site()].leave(mode) }
        }
    }
}

extension Witness.Site {
    fileprivate mutating func enter(_ mode: LockMode, _ token: FencingToken) -> String? {
        defer { highest = max(highest, token) }
        switch mode {
        case .exclusive:
            writers += 1
            defer { lastExclusive = token }
            if writers > 1 || readers > 0 { return "\(writers) writers and \(readers) readers at once" }
            return token > highest ? nil : "the token \(token) came after \(highest)"
        case .shared:
            readers += 1
            if writers > 0 { return "a reader beside \(writers) writers" }
            return token > lastExclusive ? nil : "a reader's token \(token) came after the writer's \(lastExclusive)"
        case .permits(let count, let limit):
            permits += count
            return permits > limit ? "\(permits) permits of \(limit) are out" : nil
        }
    }

    fileprivate mutating func leave(_ mode: LockMode) {
        switch mode {
        case .exclusive: writers -= 1
        case .shared: readers -= 1
        case .permits(let count, _): permits -= count
        }
    }
}
