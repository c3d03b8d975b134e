package import LockCore

/// What a contender's value says: how it excludes others, and who it is.
///
/// Words with single spaces: `lockstead:1 mode phase owner since lease note reason [names]`. A value of another kind is another program's,
/// such as a Mutex of etcd's own package, and contends exclusively.
package struct ContenderRecord: Sendable, Hashable {
    /// How the contender stands.
    package enum Phase: String, Sendable {
        /// It waits or holds, as its place says.
        case plain = "p"
        /// An operator revoked it; its holder has yet to give it back.
        case revoked = "r"
        /// An operator revoked it without waiting for its holder.
        case forced = "f"
        /// It ran out or reached its cap, and its client removes it.
        case ended = "e"
    }

    package var mode: LockMode
    package var phase = Phase.plain
    package var owner: OwnerID
    /// The wall clock of its client when it asked, in milliseconds since 1970: for people only.
    package var since: Int64
    /// The lease it was asked with, in milliseconds: a holder that is not renewed for so long is ended by its client.
    package var lease: Int64
    package var note: HolderNote
    /// All the names that the request wants, where there are several: it holds none before it is first in the queue of each.
    package var names: [LockName] = []
    /// Why it was revoked.
    package var reason = ""

    package init(mode: LockMode, owner: OwnerID, since: Int64, lease: Int64, note: HolderNote) {
        (self.mode, self.owner, self.since, self.lease, self.note) = (mode, owner, since, lease, note)
    }

    private static let mark = "lockstead:1"
    /// Ours have fewer.
    private static let mostNames = 128

    /// The record as a value.
    package var bytes: [UInt8] {
        let words = [
            Self.mark, mode.word, phase.rawValue, owner.description, "\(since)", "\(lease)", note.word,
            reason.isEmpty ? "-" : WordCoding.encode(reason),
        ]
        let all = names.isEmpty ? words : words + [names.map { WordCoding.encode($0.text) }.joined(separator: ",")]
        return Array(all.joined(separator: " ").utf8)
    }

    /// Reads a value; `nil` for one that another program wrote.
    package init?(_ bytes: some Collection<UInt8>) {
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard (8...9).contains(words.count), words[0] == Self.mark, let mode = LockMode(word: words[1]),
            let phase = Phase(rawValue: String(words[2])), let owner = OwnerID(hexadecimal: words[3]),
            let since = Int64(words[4]), let lease = Int64(words[5]), since >= 0, lease >= 0, mode.isSound
        else { return nil }
        self.init(mode: mode, owner: owner, since: since, lease: lease, note: HolderNote(word: words[6]))
        self.phase = phase
        reason = words[7] == "-" ? "" : WordCoding.decode(words[7])
        guard words.count == 9 else { return }
        // What is no name cannot be one of ours.
        names = words[8].split(separator: ",").prefix(Self.mostNames).compactMap { word in
            try? LockName(WordCoding.decode(word))
        }
    }
}

extension LockMode {
    /// Whether a lock can be had so: whoever else writes under the prefix may write anything.
    fileprivate var isSound: Bool {
        guard case .permits(let count, let limit) = self else { return true }
        return count >= 1 && count <= limit
    }
}
