/// The two accounts of the demonstration's ledger.
struct Balances: Sendable, Equatable {
    var checking: Int
    var savings: Int

    /// One coin from one account to the other.
    mutating func move() { (checking, savings) = (checking - 1, savings + 1) }

    /// As it stands in the file.
    var text: String { "checking \(checking)\nsavings \(savings)\n" }

    init(checking: Int, savings: Int) { (self.checking, self.savings) = (checking, savings) }

    /// Reads ``text``; `nil` where it is none.
    init?(text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 4, words[0] == "checking", words[2] == "savings", let checking = Int(words[1]),
            let savings = Int(words[3])
        else { return nil }
        self.init(checking: checking, savings: savings)
    }
}
