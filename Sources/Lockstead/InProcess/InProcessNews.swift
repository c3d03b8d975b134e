import LockCore

/// Something to tell a stream, in order with all other news.
enum News: Sendable {
    case notice(BackendNotice, AsyncStream<BackendNotice>.Continuation)
    case endOfNotices(AsyncStream<BackendNotice>.Continuation)
    case change(LockChange, ChangeReader.Stream)
    case endOfChanges(ChangeReader.Stream)

    func tell() {
        switch self {
        case .notice(let notice, let reader): reader.yield(notice)
        case .endOfNotices(let reader): reader.finish()
        case .endOfChanges(let reader): reader.finish()
        case .change(let change, let reader):
            // A reader that fell behind must not believe that it saw everything.
            if case .dropped = reader.yield(change) { reader.finish(throwing: LockError.changesUnread) }
        }
    }
}

/// Who watches the names that start with `prefix`.
struct ChangeReader: Sendable {
    typealias Stream = AsyncThrowingStream<LockChange, any Error>.Continuation
    /// So many changes wait for one reader at most: a busy process makes them in a fraction of a second.
    static let mostUnread = 100_000

    let client: InProcessClient.ID
    let prefix: String
    let stream: Stream
}

/// News in the order in which it happened.
///
/// One task at a time tells it, so that the order survives the unlocking.
struct NewsQueue: Sendable {
    private var items: [News] = []
    private var someoneTells = false

    mutating func append(_ item: News) { items.append(item) }

    /// Whether there is news and nobody tells it; the asker must.
    mutating func needsTeller() -> Bool {
        guard !items.isEmpty, !someoneTells else { return false }
        someoneTells = true
        return true
    }

    /// The news so far.
    ///
    /// Where there is none, the teller stops telling.
    mutating func take() -> [News] {
        defer { items = [] }
        someoneTells = !items.isEmpty
        return items
    }
}

extension InProcessState {
    mutating func add(_ reader: ChangeReader) -> UInt64 {
        let ticket = drawTicket()
        if !stopped.contains(reader.client) {
            readers[ticket] = reader
        } else {
            news.append(.endOfChanges(reader.stream))
        }
        return ticket
    }

    mutating func setNotices(_ reader: AsyncStream<BackendNotice>.Continuation, of client: InProcessClient.ID) {
        if let former = clients[client]?.notices { news.append(.endOfNotices(former)) }
        clients[client]?.notices = reader
        if stopped.contains(client) { news.append(.endOfNotices(reader)) }
    }

    mutating func publish(_ effect: Effect) {
        for change in LockChange.changes(of: effect) {
            for reader in readers.values where change.name.text.utf8.starts(with: reader.prefix.utf8) {
                news.append(.change(change, reader.stream))
            }
        }
    }

    /// Tells the holder; a grant over several names is lost once.
    mutating func notify(_ event: HolderEvent, _ reason: LossReason) {
        guard let notices = clients[event.session.high]?.notices else { return }
        news.append(.notice(.lost(event.request, reason), notices))
    }
}
