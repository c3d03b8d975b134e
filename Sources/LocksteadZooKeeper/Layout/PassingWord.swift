import Jute
import Lockstead

/// What those who watch are told in the transaction that it is about: a node that is made and removed at once, and whose name says it.
///
/// What is written to a holder's node does not do: whoever watches hears of the node by its path, and it may be gone before it is read.
struct PassingWord: Sendable, Hashable {
    enum Kind: String, Sendable, CaseIterable {
        /// A holder is to give the lock back.
        case revoked
        /// A holder's time is over.
        case ended
        /// The lock is taken away from a holder.
        case forced
        /// A session is given back by its client, with all that it holds.
        case closing
    }

    let kind: Kind
    /// The name of a contender's node, or of a session's.
    let subject: String

    init(_ kind: Kind, _ subject: String) { (self.kind, self.subject) = (kind, subject) }

    /// Reads the name of a node; `nil` for others.
    init?(node: Substring) {
        let words = node.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, words[0].first == "~", let kind = Kind(rawValue: String(words[0].dropFirst())) else {
            return nil
        }
        self.init(kind, String(words[1]))
    }

    var node: String { "~\(kind.rawValue)-\(subject)" }
}

extension LockNaming {
    /// The word that a node's path says, of whatever prefix's locks; `nil` for other nodes.
    func word(_ path: String) -> PassingWord? {
        guard let slash = path.lastIndex(of: "/"), path[..<slash].hasSuffix(Self.sessionsEnd) else { return nil }
        return PassingWord(node: path[path.index(after: slash)...])
    }

    func path(of word: PassingWord) -> String { sessions + "/" + word.node }
}

extension ZKOperation {
    /// Operations, with what is said about them while they are carried out.
    ///
    /// For everyone to hear: servers tell nobody of a node that he may not read.
    init(_ word: PassingWord, _ operations: [ZKOperation], _ naming: LockNaming) {
        let path = naming.path(of: word)
        let saying = ZKOperation.create(path: path, data: [], access: ZNodeAccess.open, kind: .persistent)
        self = .multi([saying] + operations + [.delete(path: path)])
    }
}
