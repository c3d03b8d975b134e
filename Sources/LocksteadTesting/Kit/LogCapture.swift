public import Logging

/// Keeps what is logged, at every level, and lets a test wait for it.
///
/// ```swift
/// let log = LogCapture()
/// let client = LockClient(engine, logger: log.logger)
/// await log.until { $0.level == .error }
/// ```
public struct LogCapture: Sendable {
    /// One thing that was logged.
    public struct Entry: Sendable {
        /// How important it is.
        public var level: Logger.Level
        /// What was said.
        public var message: String
        /// The facts that came along: the call's, over the logger's own.
        public var metadata: Logger.Metadata
    }

    private let seen: Watched<[Entry]>
    /// A logger whose entries are kept here, and go nowhere else.
    public let logger: Logger

    /// Makes one that has heard nothing.
    ///
    /// - Parameter label: The logger's label.
    public init(label: String = "test") {
        let seen = Watched<[Entry]>([])
        self.seen = seen
        logger = Logger(label: label) { _ in Handler(seen: seen) }
    }

    /// What was logged so far, in order.
    public var entries: [Entry] { seen.value }

    /// Returns once an entry is so, or the task is cancelled; at once where one was so before.
    ///
    /// - Parameter isMet: Asked for each entry.
    public func until(_ isMet: @escaping @Sendable (Entry) -> Bool) async { await until(1, isMet) }

    /// Returns once so many entries are so, or the task is cancelled.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - isMet: Asked for each entry.
    public func until(_ count: Int, _ isMet: @escaping @Sendable (Entry) -> Bool) async {
        await seen.until { entries in entries.count(where: isMet) >= count }
    }

    private struct Handler: LogHandler {
        let seen: Watched<[Entry]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let facts = metadata.merging(event.metadata ?? [:]) { _, called in called }
            let entry = Entry(level: event.level, message: "\(event.message)", metadata: facts)
            seen.update { $0.append(entry) }
        }
    }
}
