/// What a holder says of itself, for the people who later ask who held the lock and why.
public struct HolderNote: Sendable, Hashable {
    /// The host the holder runs on.
    public var host: String
    /// The operating system's process id, or 0 where it is unknown.
    public var processID: Int32
    /// What the lock is held for, in the caller's words.
    public var purpose: String
    /// The trace the request belongs to, or empty.
    public var traceID: String

    /// Puts a note together.
    public init(host: String = "", processID: Int32 = 0, purpose: String = "", traceID: String = "") {
        (self.host, self.processID, self.purpose, self.traceID) = (host, processID, purpose, traceID)
    }

    /// The most bytes all texts of a note may have together.
    public static let maximumByteCount = 4096

    /// The bytes of all texts.
    package var byteCount: Int { host.utf8.count + purpose.utf8.count + traceID.utf8.count }
}
