import Jute
import Lockstead

/// Who wants to hear of which node.
struct WatchTable: Sendable {
    private var watches: [String: [NodeWatch]] = [:]
    /// Who reads all that happens below a node.
    private var readers: [(path: String, inbox: EventInbox)] = []

    mutating func add(_ watch: NodeWatch) { watches[watch.path, default: []].append(watch) }

    mutating func remove(_ watch: NodeWatch) {
        watches[watch.path]?.removeAll { $0 === watch }
        if watches[watch.path]?.isEmpty ?? false { watches[watch.path] = nil }
    }

    mutating func add(_ inbox: EventInbox, below path: String) { readers.append((path, inbox)) }

    /// - Returns: Whether nobody reads there any more.
    mutating func remove(_ inbox: EventInbox, below path: String) -> Bool {
        readers.removeAll { $0.inbox === inbox }
        return !readers.contains { $0.path == path }
    }

    /// Who is to be told of an event.
    func watches(for event: ZKEvent) -> [NodeWatch] {
        (watches[event.path] ?? []).filter { watch in
            switch event.kind {
            case .childrenChanged: watch.kind == .children
            case .created, .dataChanged: watch.kind == .node
            case .deleted, nil: true
            }
        }
    }

    func inboxes(for event: ZKEvent) -> [EventInbox] {
        readers.filter { path, _ in path == "/" || event.path == path || event.path.hasPrefix(path + "/") }.map(\.inbox)
    }

    var all: [NodeWatch] { watches.values.flatMap { $0 } }
    var allInboxes: [EventInbox] { readers.map(\.inbox) }

    /// What to set anew at another server, in pieces that a server takes at once.
    func frames(since seen: Int64) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        for kind in [NodeWatch.Kind.node, .children] {
            let paths = watches.filter { $0.value.contains { $0.kind == kind } }.map(\.key)
            for piece in paths.pieces(of: Self.mostBytes) {
                frames.append(
                    kind == .node
                        ? ZKSpecialFrame.watches(since: seen, data: piece)
                        : ZKSpecialFrame.watches(since: seen, children: piece))
            }
        }
        let below = Array(Set(readers.map(\.path)))
        if !below.isEmpty { frames.append(ZKSpecialFrame.watches(since: seen, recursive: below)) }
        return frames
    }

    /// Servers take a megabyte at once.
    private static let mostBytes = 100_000
}

extension [String] {
    fileprivate func pieces(of most: Int) -> [[String]] {
        var (pieces, size) = ([[String]](), 0)
        for text in self {
            if pieces.isEmpty || size + text.utf8.count > most {
                pieces.append([])
                size = 0
            }
            pieces[pieces.count - 1].append(text)
            size += text.utf8.count + 4
        }
        return pieces
    }
}
