import Lockstead

/// One node in the queue of a name.
struct Contender: QueuedContender {
    let name: ContenderName
    /// The transaction that created it: its token; none above nothing where it was not read.
    var created: Int64 = 0
    /// How often its data was written.
    var version: Int32 = 0
    /// The session that it ends with.
    var session: Int64 = 0
    /// What its client says; `nil` where another program wrote it, or where it was not read.
    var record: ContenderRecord?

    init(_ name: ContenderName) { self.name = name }

    var key: String { name.text }
    var mode: LockMode { name.mode }
    /// Its name alone says how it excludes others.
    var isOurs: Bool { true }

    var note: HolderNote {
        record?.note
            ?? HolderNote(purpose: "another program, session \(String(UInt64(bitPattern: session), radix: 16))")
    }

    /// By the transactions that created them, where those were read; else by the numbers that the servers appended, whose highest is followed
    /// by the lowest: what is less than half of all numbers behind comes after (R34).
    func precedes(_ other: Contender) -> Bool {
        guard created == other.created || created <= 0 || other.created <= 0 else { return created < other.created }
        return name.sequence &- other.name.sequence < 0
    }
}

typealias ContenderQueue = StoredQueue<Contender>
typealias QueueStanding = StoredStanding<String>
typealias HoldBook = StoredHolds<ZooKeeperSession, String>
typealias SentBook = SentRequests<ZooKeeperSession>

extension ContenderQueue {
    /// Who of a node's children contends.
    init(children: [String]) { self.init(children.compactMap { ContenderName($0) }.map { Contender($0) }) }

    /// Whether its numbers say nothing about the order any more.
    ///
    /// Servers that have counted to the highest one give that again, or go back and forth between it and the lowest. Then the transactions that
    /// created the nodes tell.
    var isWornOut: Bool { contenders.contains { $0.name.sequence == .max || $0.name.sequence < 0 } }
}
