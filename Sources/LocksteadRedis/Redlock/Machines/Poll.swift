/// A question that nodes answer with yes or no, decided as soon as a majority of all nodes has said yes or cannot any more.
struct Poll: RoundMachine, Equatable {
    enum Verdict: Sendable, Equatable {
        case open
        case won
        /// So many said no that a majority is out of reach, whatever the silent ones think.
        case lost
        /// Too many were silent to tell.
        case unknown
    }

    private enum Vote: Sendable, Equatable { case pending, yes, no, silent }

    let quorum: Quorum
    private var votes: [Int: Vote]
    /// Why those said no who did, in order of their answers.
    private(set) var reasons: [String] = []
    private(set) var verdict = Verdict.open

    /// A question to some of the nodes; those that are not asked count as silent.
    init(_ quorum: Quorum, asked: [Int]) {
        self.quorum = quorum
        votes = Dictionary(uniqueKeysWithValues: asked.map { ($0, .pending) })
        judge()
    }

    var isDecided: Bool { verdict != .open }
    var isComplete: Bool { count(.pending) == 0 }
    var yes: Int { count(.yes) }
    /// Whether a majority has said something, be it yes or no.
    var isAnswered: Bool { yes + count(.no) >= quorum.majority }
    /// Those who said no.
    var refusing: [Int] { nodes(.no) }
    /// Those who said yes.
    var agreeing: [Int] { nodes(.yes) }
    /// Those who have said nothing, or failed to.
    var silent: [Int] { nodes(.silent) + nodes(.pending) }

    /// Takes in an answer: `nil` for yes, else why not.
    mutating func receive(_ answer: String??, from node: Int, isLost: Bool) {
        guard votes[node] == .pending else { return }
        switch answer {
        case nil: votes[node] = .silent
        case .some(nil): votes[node] = .yes
        case .some(let reason?):
            votes[node] = .no
            reasons.append(reason)
        }
        judge()
    }

    private mutating func judge() {
        guard verdict == .open else { return }
        if yes >= quorum.majority {
            verdict = .won
        } else if count(.no) > quorum.nodes - quorum.majority {
            verdict = .lost
        } else if !quorum.isPossible(yes, pending: count(.pending)), isComplete {
            verdict = .unknown
        }
    }

    private func count(_ vote: Vote) -> Int { votes.count { $0.value == vote } }
    private func nodes(_ vote: Vote) -> [Int] { votes.filter { $0.value == vote }.keys.sorted() }
}
