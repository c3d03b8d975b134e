import Lockstead

/// One key in the queue of a name.
struct Contender: QueuedContender {
    var key: KeyBytes
    /// Its place in the queue, and its token.
    var created: Int64
    /// When it was last written.
    var modified: Int64
    var lease: LeaseID
    var request: RequestID?
    /// What its client says; `nil` where another program wrote it.
    var record: ContenderRecord?

    /// How it excludes others: another program's contends alone.
    var mode: LockMode { record?.mode ?? .exclusive }
    var isOurs: Bool { record != nil }
    var note: HolderNote { record?.note ?? HolderNote(purpose: "another program, lease \(lease)") }

    func precedes(_ other: Contender) -> Bool { created < other.created }
}

typealias ContenderQueue = StoredQueue<Contender>
typealias QueueStanding = StoredStanding<KeyBytes>
typealias ChangeMachine = QueueChanges<Contender>
typealias HoldBook = StoredHolds<EtcdSession, KeyBytes>
typealias SentBook = SentRequests<EtcdSession>
