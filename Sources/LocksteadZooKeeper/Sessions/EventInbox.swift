import Jute
import Lockstead
import Synchronization

/// What happened below a node and nobody has looked at yet.
final class EventInbox: Sendable {
    enum News: Sendable, Equatable {
        case happened(ZKEvent)
        /// The connection was lost, and nobody tells what happened until there is another one.
        case gap
        /// The session is over, and with it the watch.
        case lost
    }

    /// So much is kept for one who does not read it.
    static let most = 100_000

    private let news = Mutex<[News]>([])
    let signal = WakeSignal()

    func put(_ news: News) {
        self.news.withLock { unread in
            if unread.count < Self.most { unread.append(news) } else { unread = [.lost] }
        }
        signal.ring()
    }

    func take() -> [News] {
        news.withLock { news in
            defer { news = [] }
            return news
        }
    }
}
