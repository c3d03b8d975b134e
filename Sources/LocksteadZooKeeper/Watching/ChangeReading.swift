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
    func isClosing(_ session: Int64, _ naming: LockNaming) -> Bool {
        let word = PassingWord(.closing, LockNaming.text(of: session))
        let path = naming.path(of: word)
        return closed.contains(word.subject) || unread.contains { $0 == .happened(ZKEvent(.created, path)) }
    }
}
