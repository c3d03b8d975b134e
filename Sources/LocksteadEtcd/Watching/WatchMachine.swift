/// Which keys are watched on one stream, and from which revision on, so that the next stream goes on where the last one broke off.
struct WatchMachine: Sendable {
    typealias WatchID = Int64

    /// What is told of one watch.
    enum News: Sendable, Equatable {
        /// Keys were written or deleted; more of the last one's revision may follow unless it is whole.
        case changed([Etcdserverpb_Event], isWhole: Bool = true)
        /// The store had moved on when a prompt watch began: what happened before is to be read.
        case behind
        /// What lies between is no longer kept: read again.
        case compacted
        /// The member does not watch, for this reason.
        case refused(String)

        /// Whether the watch is over.
        var isLast: Bool {
            switch self {
            case .changed, .behind: false
            case .compacted, .refused: true
            }
        }
    }

    /// What an answer comes to.
    enum Heard: Sendable, Equatable {
        case nothing
        case news(WatchID, News)
        /// A watch was refused that may be granted to a user who has logged in anew; it is still wanted.
        case logInAnew
    }

    private struct Watch: Sendable {
        let range: KeyRange
        /// The first revision that was not heard of.
        var next: Int64
        /// Whether a stream was given up for it already.
        var wasRefused = false
        /// Whether it begins with the present instead of with ``next``.
        let isPrompt: Bool
        /// Whether it has not begun yet.
        ///
        /// One that goes on with another stream can wait for what it missed, and thousands would all read.
        var isNew = true
    }

    private var watches: [WatchID: Watch] = [:]
    private var lastID: WatchID = 0
    /// What was asked for and not answered, in order: a refusal names no watch, and answers come in the order of the requests.
    private var unanswered: [WatchID] = []
    private(set) var isConnected = false

    var isEmpty: Bool { watches.isEmpty }

    /// Begins a watch; the request is to be sent where there is a stream.
    ///
    /// A member leaves a watch that begins in the past to a loop that comes by every 100 ms, for what follows too. A prompt one begins with
    /// the present, and says so where something has happened since the revision.
    mutating func add(
        _ range: KeyRange, from revision: Int64, isPrompt: Bool = false
    ) -> (id: WatchID, request: Etcdserverpb_WatchRequest?) {
        lastID += 1
        watches[lastID] = Watch(range: range, next: revision, isPrompt: isPrompt)
        return (lastID, isConnected ? creation(of: lastID) : nil)
    }

    mutating func remove(_ id: WatchID) -> Etcdserverpb_WatchRequest? {
        guard watches.removeValue(forKey: id) != nil, isConnected else { return nil }
        var cancel = Etcdserverpb_WatchCancelRequest()
        cancel.watchID = id
        var request = Etcdserverpb_WatchRequest()
        request.cancelRequest = cancel
        return request
    }

    /// There is a stream: what is to be sent on it.
    mutating func connected() -> [Etcdserverpb_WatchRequest] {
        isConnected = true
        return watches.keys.sorted().compactMap { creation(of: $0) }
    }

    mutating func disconnected() {
        isConnected = false
        unanswered = []
    }

    /// Takes an answer.
    mutating func received(_ answer: Etcdserverpb_WatchResponse) -> Heard {
        if answer.created {
            let asked = unanswered.isEmpty ? nil : unanswered.removeFirst()
            if answer.canceled { return refused(asked ?? answer.watchID, answer.cancelReason) }
            return asked.map { begun($0, at: answer.header.revision) } ?? .nothing
        }
        let id = answer.watchID
        guard let watch = watches[id] else { return .nothing }
        if answer.canceled {
            watches[id] = nil
            return .news(id, answer.compactRevision > 0 ? .compacted : .refused(answer.cancelReason))
        }
        // The header may be ahead of the events of a watch that catches up; without events it says that there were none.
        let last = answer.events.last.map(\.kv.modRevision) ?? answer.header.revision
        // More of the same revision may follow a fragment.
        watches[id]?.next = max(watch.next, answer.fragment ? last : last &+ 1)
        return answer.events.isEmpty ? .nothing : .news(id, .changed(answer.events, isWhole: !answer.fragment))
    }

    private mutating func begun(_ id: WatchID, at revision: Int64) -> Heard {
        guard var watch = watches[id] else { return .nothing }
        defer { watches[id] = watch }
        let isBehind = watch.isPrompt && watch.isNew && revision >= watch.next
        if isBehind { watch.next = revision &+ 1 }
        (watch.wasRefused, watch.isNew) = (false, false)
        return isBehind ? .news(id, .behind) : .nothing
    }

    private mutating func refused(_ id: WatchID, _ reason: String) -> Heard {
        guard let watch = watches[id] else { return .nothing }
        guard watch.wasRefused else {
            watches[id]?.wasRefused = true
            return .logInAnew
        }
        watches[id] = nil
        return .news(id, .refused(reason))
    }

    private mutating func creation(of id: WatchID) -> Etcdserverpb_WatchRequest? {
        guard let watch = watches[id] else { return nil }
        unanswered.append(id)
        var create = Etcdserverpb_WatchCreateRequest()
        (create.key, create.rangeEnd) = (watch.range.start.data, watch.range.end.data)
        (create.startRevision, create.watchID) = (watch.isPrompt && watch.isNew ? 0 : watch.next, id)
        // So that an idle watch does not fall behind a compaction, and no answer outgrows what a message may be.
        (create.progressNotify, create.fragment) = (true, true)
        var request = Etcdserverpb_WatchRequest()
        request.createRequest = create
        return request
    }
}
