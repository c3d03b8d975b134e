/// What the clients of one run do, the same for every engine.
package struct Workload: Sendable, Hashable {
    /// How clients share names and connections.
    package enum Shape: Sendable, Hashable {
        /// Each client has a name of its own.
        case apart
        /// One client, and a task for each name, as a server process really runs.
        case shared
        /// All clients want one name.
        case contended
        /// Tries at once, each on the same free name; exactly one may win.
        case race
        /// One waiter for one holder, by this way of waiting.
        case wait(Way)
    }

    /// How a waiter learns that a lock is free.
    package enum Way: String, Sendable, Hashable, CaseIterable {
        /// It asks again every second.
        case polling
        /// The engine tells it: an acquire that waits.
        case notification
        /// It reads the stream of changes and asks when it sees a release.
        case stream
    }

    package let name: String
    package let shape: Shape
    package let clients: Int
    package var hold = Duration.zero
    package var think = Duration.zero
    /// How long it is measured, unless the caller says otherwise.
    package var window = Duration.seconds(5)
    /// For how long each tries in place before it queues.
    package var spinning = Duration.zero
    /// Bytes of text that each holder leaves with the lock.
    package var payload = 0
    /// Whether each client has a name of its own.
    package var hasNames: Bool { shape == .apart || shape == .shared }
    /// Whether each client opens its engine again: its own connections, as if it were its own process.
    package var isOneClient: Bool { shape == .shared }
}

extension Workload {
    /// The names that ``parse(_:)`` knows; `N` stands for a number.
    package static let forms = [
        "unc N", "shared N", "con N", "con NhHtT", "con64", "handoff2", "race N", "payload4k", "waits", "scale",
        "spins",
    ]

    /// Reads one workload by its name, such as `unc16` or `unc 16`; `waits` gives three, one for each way, and `spins` four.
    package static func parse(_ text: String) -> [Workload]? {
        let text = String(text.lowercased().filter { $0 != " " })
        if let fixed = fixed[text] { return fixed }
        for (prefix, shape) in [("unc", Shape.apart), ("shared", .shared), ("race", .race)] where text.hasPrefix(prefix)
        {
            guard let count = Int(text.dropFirst(prefix.count)), (1...mostClients).contains(count) else { return nil }
            return [Workload(name: "\(prefix)\(count)", shape: shape, clients: count)]
        }
        return contended(text).map { [$0] }
    }

    /// `con16`, `con16t8`, `con8h5t20`: clients, and milliseconds of hold (1 unless said) and of think (0).
    private static func contended(_ text: String) -> Workload? {
        guard let parts = text.wholeMatch(of: /con(\d+)(?:h(\d+))?(?:t(\d+))?/)?.output,
            let count = Int(parts.1), (1...mostClients).contains(count),
            let hold = Int(parts.2 ?? "1"), let think = Int(parts.3 ?? "0"), max(hold, think) <= longestPause
        else { return nil }
        return Workload(
            name: text, shape: .contended, clients: count, hold: .milliseconds(hold), think: .milliseconds(think),
            window: .seconds(10))
    }

    /// In milliseconds: below the lease, so that no hold outlasts it.
    private static let longestPause = 5_000

    /// Each client is a whole client with its tasks; beyond this the machine is measured and not the engine.
    package static let mostClients = 10_000

    private static let fixed: [String: [Workload]] = [
        "con64": [Workload(name: "con64", shape: .contended, clients: 64)],
        "handoff2": [
            Workload(
                name: "handoff2", shape: .contended, clients: 2, hold: .milliseconds(300), think: .milliseconds(260),
                window: .seconds(40))
        ],
        "payload4k": [Workload(name: "payload4k", shape: .apart, clients: 1, payload: 4_000)],
        "waits": Way.allCases.map { way in
            // Who polls must find the lock free when it comes by.
            Workload(
                name: "waits \(way.rawValue)", shape: .wait(way), clients: 2, hold: .milliseconds(50),
                think: way == .polling ? .milliseconds(1_100) : .milliseconds(20), window: .seconds(10))
        },
        "spins": [Duration.zero, .milliseconds(1)].flatMap { hold in
            [Duration.zero, .milliseconds(1)].map { spinning in
                Workload(
                    name: "spins \(hold > .zero ? "1ms" : "0ms") \(spinning > .zero ? "spin" : "queue")",
                    shape: .contended, clients: 2, hold: hold, spinning: spinning)
            }
        },
        "scale": [Workload(name: "scale", shape: .apart, clients: 1_000, window: .seconds(10))],
    ]
}
