/// What a holder says of itself, for the people who later ask who held the lock and why.
public struct HolderNote: Sendable, Hashable {
    /// The words, shared by all copies: a note travels with every grant, and is the same for most of a process's.
    ///
    /// `nil` where nothing is said.
    private var words: Words?

    /// Puts a note together.
    public init(host: String = "", processID: Int32 = 0, purpose: String = "", traceID: String = "") {
        words = Words.made(host, processID, purpose, traceID)
    }

    /// The host the holder runs on.
    public var host: String {
        get { words?.host ?? "" }
        set { if newValue != host { words = .made(newValue, processID, purpose, traceID) } }
    }

    /// The operating system's process id, or 0 where it is unknown.
    public var processID: Int32 {
        get { words?.processID ?? 0 }
        set { if newValue != processID { words = .made(host, newValue, purpose, traceID) } }
    }

    /// What the lock is held for, in the caller's words.
    public var purpose: String {
        get { words?.purpose ?? "" }
        set { if newValue != purpose { words = .made(host, processID, newValue, traceID) } }
    }

    /// The trace the request belongs to, or empty.
    public var traceID: String {
        get { words?.traceID ?? "" }
        set { if newValue != traceID { words = .made(host, processID, purpose, newValue) } }
    }

    /// The most bytes all texts of a note may have together.
    public static let maximumByteCount = 4096

    /// The bytes of all texts.
    package var byteCount: Int { words?.byteCount ?? 0 }

    /// Notes are equal where they say the same.
    public static func == (left: HolderNote, right: HolderNote) -> Bool {
        left.words === right.words
            || left.processID == right.processID && left.host == right.host && left.purpose == right.purpose
                && left.traceID == right.traceID
    }

    /// Hashes what the note says.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(host)
        hasher.combine(processID)
        hasher.combine(purpose)
        hasher.combine(traceID)
    }

    /// Never changed: a note that changes gets others.
    private final class Words: Sendable {
        let host: String
        let processID: Int32
        let purpose: String
        let traceID: String
        let byteCount: Int

        private init(_ host: String, _ processID: Int32, _ purpose: String, _ traceID: String) {
            (self.host, self.processID, self.purpose, self.traceID) = (host, processID, purpose, traceID)
            byteCount = host.utf8.count + purpose.utf8.count + traceID.utf8.count
        }

        static func made(_ host: String, _ processID: Int32, _ purpose: String, _ traceID: String) -> Words? {
            let isSilent = host.isEmpty && processID == 0 && purpose.isEmpty && traceID.isEmpty
            return isSilent ? nil : Words(host, processID, purpose, traceID)
        }
    }
}
