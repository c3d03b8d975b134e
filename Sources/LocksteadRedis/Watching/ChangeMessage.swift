import Lockstead

/// What the scripts publish of one lock.
struct ChangeMessage: Sendable, Hashable {
    var change: LockChange
    /// After how long without another word the grant, or the register's value, is over.
    var span: Duration?

    /// Reads `kind token span owner mode note`.
    init?(_ payload: [UInt8], of name: LockName) {
        let words = String(decoding: payload, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, let kind = LockChange.Kind(rawValue: String(words[0])),
            let token = FencingToken(String(words[1])), let span = Int64(words[2]),
            let owner = OwnerID(hexadecimal: words[3]), let mode = LockMode(word: words[4])
        else { return nil }
        change = LockChange(
            name: name, kind: kind, token: token.rawValue > 0 ? token : nil, owner: owner, mode: mode,
            note: HolderNote(word: words[5]))
        self.span = span > 0 ? .milliseconds(span) : nil
    }
}
