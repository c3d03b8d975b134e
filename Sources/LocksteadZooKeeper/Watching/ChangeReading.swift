import Jute
import Lockstead

typealias ChangeMachine = QueueChanges<Contender>

/// What one reader was told, and what it has yet to look at.
struct ChangeReading {
    var machine: ChangeMachine
    /// What is said at present, by the names of the nodes that it is about.
    var words: [String: PassingWord.Kind] = [:]
    /// Sessions that their clients gave back; those that have gone since may be forgotten.
    private var closed: [String] = []
    var unread: ArraySlice<EventInbox.News> = []

    /// So many are remembered: only a reader that is behind asks.
    private static let mostClosed = 1_000

    init(_ machine: ChangeMachine) { self.machine = machine }

    mutating func heard(_ word: PassingWord, _ kind: ZKEvent.Kind?) {
        switch (word.kind, kind) {
        case (.closing, .created): closed = closed.suffix(Self.mostClosed) + [word.subject]
        case (.closing, _): break
        case (_, .created): words[word.subject] = word.kind
        case (_, .deleted): words[word.subject] = nil
        case (_, .dataChanged), (_, .childrenChanged), (_, nil): break
        }
    }

    /// Whether its client gave the session back, as far as has been told.
    func isClosing(_ session: Int64) -> Bool {
        let word = PassingWord(.closing, LockNaming.text(of: session))
        return closed.contains(word.subject) || hasYet(.created) { $0.hasSuffix("/" + word.node) }
    }

    /// Whether something was told that nobody has looked at yet.
    func hasYet(_ kind: ZKEvent.Kind, _ path: String) -> Bool { hasYet(kind) { $0 == path } }

    private func hasYet(_ kind: ZKEvent.Kind, _ isIt: (String) -> Bool) -> Bool {
        unread.contains { if case .happened(let event) = $0 { event.kind == kind && isIt(event.path) } else { false } }
    }
}
