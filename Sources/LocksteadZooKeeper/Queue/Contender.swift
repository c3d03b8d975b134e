import Lockstead

/// One node in the queue of a name.
struct Contender: QueuedContender {
    let name: ContenderName
    /// The transaction that created it: its token; 0 where it was not read.
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
        record?.note ?? HolderNote(purpose: "another program, session \(String(UInt64(bitPattern: session), radix: 16))")
    }

    /// The number is appended by the servers, and follows its highest by its lowest: what is less than half of all numbers behind comes
    /// after (R34).
    func precedes(_ other: Contender) -> Bool { name.sequence &- other.name.sequence < 0 }
}

typealias ContenderQueue = Lockstead.ContenderQueue<Contender>
typealias QueueStanding = Lockstead.QueueStanding<String>
typealias HoldBook = Lockstead.HoldBook<ZooKeeperSession, String>
typealias SentBook = Lockstead.SentBook<ZooKeeperSession>

extension ContenderQueue {
    /// Who of a node's children contends.
    init(children: [String]) { self.init(children.compactMap { ContenderName($0) }.map { Contender($0) }) }
}
