import Lockstead

/// What a server says to `srvr`, one of the words that are answered before any session.
struct ServerStatus: Sendable, Equatable {
    enum Mode: String, Sendable {
        case standalone, leader, follower, observer
    }

    var version: String?
    /// `nil` where it serves nobody.
    var mode: Mode?
    /// Whether it said that it serves nobody: no leader, or no majority.
    var isIdle = false

    /// Reads the answer; `nil` for one that no ZooKeeper server gives.
    init?(_ text: String) {
        isIdle = text.contains("not currently serving requests")
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }
            switch parts[0] {
            case "Zookeeper version": version = String(value.prefix { $0 != "-" && $0 != "," })
            case "Mode": mode = Mode(rawValue: String(value))
            default: continue
            }
        }
        guard isIdle || version != nil else { return nil }
    }

    /// Recursive watches, by which changes are told, came with 3.6.
    var watchesBelow: Bool? {
        guard let version else { return nil }
        let numbers = version.split(separator: ".").prefix(2).map { Int($0) ?? 0 }
        guard numbers.count == 2 else { return nil }
        return (numbers[0], numbers[1]) >= (3, 6)
    }
}
