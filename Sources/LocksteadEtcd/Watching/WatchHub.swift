import GRPCCore
import Lockstead
import Synchronization

/// All watches of one client, on one long-lived stream.
final class WatchHub: Sendable {
    private struct State {
        var machine = WatchMachine()
        var inboxes: [WatchMachine.WatchID: WatchInbox] = [:]
        var sink: AsyncStream<Etcdserverpb_WatchRequest>.Continuation?
    }

    private let client: EtcdClient
    private let state = Mutex(State())
    /// Rung when there is something to watch.
    private let wanted = WakeSignal()

    init(_ client: EtcdClient) { self.client = client }

    /// Has an inbox told what happens to keys, from a revision on.
    ///
    /// That revision is one more than the last one read. A prompt watch begins with the present instead, and tells where something has
    /// happened since.
    func watch(
        _ range: KeyRange, from revision: Int64, isPrompt: Bool = false, _ inbox: WatchInbox
    ) -> WatchMachine.WatchID {
        let id = state.withLock { state in
            let (id, request) = state.machine.add(range, from: revision, isPrompt: isPrompt)
            state.inboxes[id] = inbox
            // In the lock, so that a cancellation never goes before its watch.
            if let request { state.sink?.yield(request) }
            return id
        }
        wanted.ring()
        return id
    }

    func cancel(_ id: WatchMachine.WatchID) {
        state.withLock { state in
            state.inboxes[id] = nil
            if let request = state.machine.remove(id) { state.sink?.yield(request) }
        }
    }

    /// Keeps the stream until the task is cancelled.
    func run() async {
        var pause = Duration.milliseconds(10)
        while !Task.isCancelled {
            // A cancellation ends the loop.
            if isIdle { _ = try? await wanted.sleep(until: nil, on: client.time); continue }
            let start = client.time.now
            await runStream()
            pause = start.duration(to: client.time.now) > .seconds(1) ? .milliseconds(10) : min(pause * 2, .seconds(1))
            // A cancellation ends the loop.
            _ = try? await client.time.sleep(until: client.time.now.advanced(by: pause))
        }
    }

    private var isIdle: Bool { state.withLock { $0.machine.isEmpty } }

    private func runStream() async {
        let (requests, sink) = AsyncStream.makeStream(of: Etcdserverpb_WatchRequest.self)
        let (member, number, _) = client.current()
        do throws(EtcdError) {
            let deadline = client.time.now.advanced(by: client.timeouts.attempt)
            let metadata = try await client.watchMetadata(at: member, deadline)
            connect(sink)
            defer { disconnect() }
            try await watch(member, requests, metadata)
        } catch {
            if error.suggestsAnotherMember { client.failed(number) }
            if error.code == .tokenRefused { client.forgetToken() }
        }
    }

    /// Gives the stream up where its member says nothing at first: on a connection that is still being made nothing else would.
    private func watch(
        _ member: EtcdMember, _ requests: AsyncStream<Etcdserverpb_WatchRequest>, _ metadata: Metadata
    ) async throws(EtcdError) {
        let isHeard = OnceFlag()
        let patience = client.time.now.advanced(by: client.timeouts.attempt)
        let end = await withTaskGroup(of: StreamEnd.self) { group in
            group.addTask { [self] in
                do throws(EtcdError) {
                    try await member.watch(requests, metadata) { answer in
                        isHeard.set()
                        try self.hear(answer)
                    }
                    return .over(nil)
                } catch { return .over(error) }
            }
            group.addTask { [client] in
                // Cancelled where the stream has ended before.
                _ = try? await client.time.sleep(until: patience)
                return .waitedLong
            }
            defer { group.cancelAll() }
            while let end = await group.next() {
                if case .waitedLong = end, isHeard.isSet || isIdle { continue }
                return end
            }
            return .over(nil)
        }
        switch end {
        case .over(let error): if let error { throw error }
        case .waitedLong:
            throw EtcdError(.deadlineExceeded, "The member \(member.endpoint) does not watch.", effect: .didNotHappen)
        }
    }

    /// How a stream ended, or did not begin.
    private enum StreamEnd: Sendable {
        case over(EtcdError?)
        case waitedLong
    }

    private func connect(_ sink: AsyncStream<Etcdserverpb_WatchRequest>.Continuation) {
        state.withLock { state in
            state.sink = sink
            for request in state.machine.connected() { sink.yield(request) }
        }
    }

    private func disconnect() {
        state.withLock { state in
            state.sink?.finish()
            state.sink = nil
            state.machine.disconnected()
        }
    }

    private func hear(_ answer: Etcdserverpb_WatchResponse) throws {
        let (heard, inbox) = state.withLock { state -> (WatchMachine.Heard, WatchInbox?) in
            let heard = state.machine.received(answer)
            guard case .news(let id, let news) = heard else { return (heard, nil) }
            return (heard, news.isLast ? state.inboxes.removeValue(forKey: id) : state.inboxes[id])
        }
        switch heard {
        case .nothing: return
        case .news(_, let news): inbox?.put(news)
        // Members of 3.4 say of a token that ran out what they say of a user who may not: the stream begins anew with a new one.
        case .logInAnew:
            throw EtcdError(.tokenRefused, "The member does not watch: \(answer.cancelReason)", effect: .didNotHappen)
        }
    }
}

/// What a watch has brought and nobody has looked at yet.
final class WatchInbox: Sendable {
    /// So much is kept for one who does not read it.
    private static let most = 100_000

    private let news = Mutex<[WatchMachine.News]>([])
    let signal: WakeSignal

    init(_ signal: WakeSignal = WakeSignal()) { self.signal = signal }

    func put(_ news: WatchMachine.News) {
        self.news.withLock { unread in
            if unread.count < Self.most { unread.append(news) } else { unread = [.refused("too much was left unread")] }
        }
        signal.ring()
    }

    func take() -> [WatchMachine.News] {
        news.withLock { news in
            defer { news = [] }
            return news
        }
    }
}
