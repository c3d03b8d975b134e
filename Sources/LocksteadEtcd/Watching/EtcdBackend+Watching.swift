package import Lockstead

extension EtcdBackend {
    /// What happens from now on: whatever this client reads after it is read after the watch has begun.
    ///
    /// A member that is lost interrupts nothing: the next one tells what happened meanwhile. Where that is no longer kept, the stream
    /// ends with `engineUnavailable`.
    package func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: LockChange.self, bufferingPolicy: .bufferingOldest(ChangeFollower.mostUnread))
        let follower = ChangeFollower(
            backend: self, prefix: prefix, stream: continuation, begun: watches.begin(), isOver: OnceFlag())
        let farewell = life.atEnd { follower.end() }
        continuation.onTermination = { [life] _ in
            follower.stop()
            life.forgetFarewell(farewell)
        }
        life.add { await follower.run() }
        return stream
    }
}

/// Reads what happens under a prefix for one reader.
struct ChangeFollower: Sendable {
    /// So many changes wait for one reader at most.
    static let mostUnread = 100_000

    let backend: EtcdBackend
    let prefix: String
    let stream: AsyncThrowingStream<LockChange, any Error>.Continuation
    let begun: WatchBeginnings.Ticket
    /// Whether the reader has gone.
    let isOver: OnceFlag
    private let inbox = WatchInbox()

    init(
        backend: EtcdBackend, prefix: String, stream: AsyncThrowingStream<LockChange, any Error>.Continuation,
        begun: WatchBeginnings.Ticket, isOver: OnceFlag
    ) {
        (self.backend, self.prefix, self.stream) = (backend, prefix, stream)
        (self.begun, self.isOver) = (begun, isOver)
    }

    func stop() {
        isOver.set()
        inbox.signal.ring()
    }

    func end() {
        stop()
        stream.finish()
    }

    /// Runs until the reader goes, something is missed, or the engine stops.
    func run() async {
        do throws(LockError) {
            let deadline = backend.time.now.advanced(by: backend.engine.configuration.timeouts.call)
            let (queues, revision) = try await backend.queues(under: prefix, deadline)
            let watch = backend.hub.watch(backend.naming.range(under: prefix), from: revision &+ 1, inbox)
            defer { backend.hub.cancel(watch) }
            backend.watches.ended(begun)
            try await tell(ChangeMachine(queues, prefix: prefix))
        } catch {
            backend.watches.ended(begun)
            stream.finish(throwing: error)
        }
    }

    private func tell(_ first: ChangeMachine) async throws(LockError) {
        var (machine, revision) = (first, Int64(0))
        while !isOver.isSet, !Task.isCancelled {
            for news in inbox.take() {
                switch news {
                case .changed(let events, let isWhole):
                    for event in events {
                        if event.kv.modRevision != revision { try settle(&machine) }
                        revision = event.kv.modRevision
                        try await tell(event, &machine)
                    }
                    if isWhole { try settle(&machine) }
                // Events are told in their order, whenever they come.
                case .behind: continue
                case .compacted: throw Self.ended("what happened meanwhile is no longer kept")
                case .refused(let reason): throw Self.ended(reason)
                }
            }
            // The loop looks at what ended it.
            _ = try? await inbox.signal.sleep(until: nil, on: backend.time)
        }
    }

    private func settle(_ machine: inout ChangeMachine) throws(LockError) {
        for told in machine.settle() { try yield(told) }
    }

    private static func ended(_ reason: String) -> LockError {
        LockError(.engineUnavailable, "The watch ended: \(reason). Begin it again.", effect: .didNotHappen)
    }

    private func tell(_ event: Etcdserverpb_Event, _ machine: inout ChangeMachine) async throws(LockError) {
        let key = KeyBytes(event.kv.key)
        if let name = backend.naming.register(key), name.text.utf8.starts(with: prefix.utf8) {
            let writer = event.type == .put ? RegisterValue(event.kv.value)?.writer : nil
            return try yield(machine.registerChanged(writer, of: name))
        }
        guard let (name, parts) = backend.naming.contender(key), name.text.utf8.starts(with: prefix.utf8) else {
            return
        }
        let change: ChangeMachine.Event
        if event.type == .put {
            change = .written(Contender(event.kv, key, parts))
        } else {
            let holder = machine.holderInQuestion(key, of: name)
            change = .deleted(key, await isGone(holder, at: event.kv.modRevision) ? .ranOut : .left)
        }
        for told in machine.heard(change, of: name) { try yield(told) }
    }

    /// A deletion alone does not say whether its holder gave the lock back, or ran out and took all keys of its lease along.
    private func isGone(_ holder: Contender?, at revision: Int64) async -> Bool {
        guard let holder else { return false }
        let deadline = backend.time.now.advanced(by: .seconds(1))
        // Whoever holds by a session of ours left a key on its lease; whether that went at the same moment is history.
        let isSigned = holder.record == nil ? false : await backend.isSigned(holder.lease, at: revision, deadline)
        if isSigned == true { return false }
        let isKnownUnsigned = holder.record != nil && isSigned == false
        return await backend.timeToLive(of: holder.lease, deadline).map { $0 <= 0 } ?? isKnownUnsigned
    }

    private func yield(_ change: LockChange) throws(LockError) {
        // A reader that fell behind must not believe that it saw everything.
        guard case .dropped = stream.yield(change) else { return }
        throw LockError(
            .limitExceeded, "Changes were left unread until there were too many. Read faster, and begin again.",
            effect: .didNotHappen)
    }
}
