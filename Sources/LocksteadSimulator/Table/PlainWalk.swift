import LockCore
import SeededRandom

/// A walk of mostly plain acquires and releases, waiting or not, with now and then something that closes the short way to them.
package struct PlainWalk {
    /// How often the short way was taken, and compared.
    package private(set) var shortCuts = 0
    private var table = LockTable()
    private var draw: SeededGenerator
    private var now = LogTime.zero
    private var grants: [GrantRecord] = []
    private var requests: UInt64 = 0

    /// Begins with two sessions.
    package init(seed: UInt64) {
        draw = SeededGenerator(seed: seed)
        var effects: [Effect] = []
        for session in Self.sessions {
            let command = Command.OpenSession(session: session, timeToLive: .seconds(30))
            _ = table.apply(.openSession(command), at: .zero, effects: &effects)
        }
    }

    private static let sessions = (1...2).map { SessionID(high: 0, low: $0) }

    /// The first difference in words, or `nil`.
    package mutating func run(steps: Int) -> String? {
        for step in 1...steps {
            now = now + TimeSpan.milliseconds(Int64.random(in: 0...20, using: &draw))
            let command = Int.random(in: 0..<10, using: &draw) < 5 ? acquire() : release()
            switch ShortCut.judge(table, command, at: now) {
            case .notTaken: break
            case .same: shortCuts += 1
            case .differs(let problem): return "step \(step), \(command): \(problem)"
            }
            var effects: [Effect] = []
            _ = table.apply(command, at: now, effects: &effects)
            for case .granted(let grant) in effects { grants.append(grant) }
        }
        return nil
    }

    private mutating func acquire() -> Command {
        requests += 1
        let number = Int.random(in: 0..<8, using: &draw)
        // Cannot fail: the text is a valid name.
        guard let name = try? LockName("plain/\(number)") else { return .advance }
        // A request used twice, an owner that holds something already: both must look the same from either way.
        let request = Int.random(in: 0..<20, using: &draw) == 0 ? max(1, requests / 2) : requests
        var command = Command.Acquire(
            session: Self.sessions[Int.random(in: 0...1, using: &draw)], request: RequestID(high: 0, low: request),
            owner: OwnerID(high: 0, low: UInt64.random(in: 1...30, using: &draw)), names: [name],
            note: HolderNote(purpose: number == 3 ? "walk" : ""))
        switch Int.random(in: 0..<20, using: &draw) {
        case 0: command.maximumHold = .milliseconds(50)
        case 1: command.minimumHold = .milliseconds(50)
        case 2: command.waitUntil = now + .milliseconds(30)
        case 3: command.mode = .shared
        case 4: command.priority = Int8.random(in: -1...1, using: &draw)
        case 5: command.fairness = .barging
        case 6...12: command.waitUntil = .distantFuture
        default: break
        }
        return .acquire(command)
    }

    private mutating func release() -> Command {
        guard let place = grants.indices.randomElement(using: &draw) else { return .advance }
        // A release that comes twice must not be taken for the next one's.
        let grant = Int.random(in: 0..<10, using: &draw) == 0 ? grants[place] : grants.remove(at: place)
        return .release(.init(session: grant.session, names: grant.names, token: grant.token))
    }
}
