import Jute
import Lockstead

/// Reads what happens under a prefix for one reader.
final class ChangeFollower: Sendable {
    /// So many changes wait for one reader at most.
    static let mostUnread = 100_000

    let backend: ZooKeeperBackend
    let prefix: String
    let stream: AsyncThrowingStream<LockChange, any Error>.Continuation
    let begun: WatchBeginnings.Ticket
    /// Whether the reader has gone.
    private let isOver = OnceFlag()
    private let inbox = EventInbox()

    init(
        backend: ZooKeeperBackend, prefix: String, stream: AsyncThrowingStream<LockChange, any Error>.Continuation,
        begun: WatchBeginnings.Ticket
    ) {
        (self.backend, self.prefix, self.stream, self.begun) = (backend, prefix, stream, begun)
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
            try await backend.persistently(isWalk: true, until: backend.patience) { (session) throws(LockError) in
                try await follow(session)
            }
        } catch {
            backend.watches.ended(begun)
            stream.finish(throwing: error)
        }
    }

    private func follow(_ session: ZooKeeperSession) async throws(LockError) {
        let (root, deadline) = (backend.naming.rootNode, backend.patience)
        do throws(ZooKeeperError) { try await session.read(inbox, below: root, until: deadline) } catch {
            throw ZooKeeperBackend.notAsked(session.explained(error))
        }
        defer { session.stopReading(inbox, below: root) }
        let queues = try await read(try await backend.walk(under: prefix, session, deadline), session, deadline)
        backend.watches.ended(begun)
        try await tell(ChangeReading(QueueChanges(queues, prefix: prefix)), session)
    }

    /// Who is where, with what they say.
    private func read(
        _ walk: ZooKeeperBackend.Walk, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(LockError) -> [LockName: ContenderQueue] {
        var queues: [LockName: ContenderQueue] = [:]
        for (name, queue) in walk.queues {
            do throws(ZooKeeperError) {
                queues[name] = ContenderQueue(
                    try await backend.read(
                        queue.contenders, of: backend.naming.paths(of: name), on: session, deadline))
            } catch { throw ZooKeeperBackend.notAsked(session.explained(error)) }
        }
        return queues
    }

    /// Tells what has become of everybody while nobody told us: who is gone, who came, and which registers may have changed.
    private func catchUp(_ reading: inout ChangeReading, _ session: ZooKeeperSession) async throws(LockError) {
        let (deadline, before) = (backend.patience, reading.machine.queues)
        let walk = try await backend.walk(under: prefix, session, deadline)
        let after = try await read(walk, session, deadline)
        try drain(into: &reading)
        for name in Set(before.keys).union(after.keys).sorted() {
            let (old, new) = (before[name]?.contenders ?? [], after[name]?.contenders ?? [])
            let paths = backend.naming.paths(of: name)
            for gone in old where !new.contains(where: { $0.key == gone.key }) {
                // Who went after there was a connection again is told by that, and better.
                if reading.hasYet(.deleted, paths.contender(gone.name)) { continue }
                let departure = try await departure(of: gone.name, name, &reading, session)
                for told in reading.machine.heard(.deleted(gone.key, departure), of: name) { try yield(told) }
            }
            for contender in new {
                for told in reading.machine.heard(.written(contender), of: name) { try yield(told) }
            }
        }
        for name in walk.registers.sorted() {
            let writer = await backend.writer(ofRegister: backend.naming.paths(of: name).registerValue, session)
            try yield(reading.machine.registerChanged(writer, of: name))
        }
    }

    /// Has what was missed caught up with once more: the session goes on at another server.
    private func again(_ reading: inout ChangeReading) async throws(LockError) {
        await backend.pause(Self.pauseOfLoss)
        try drain(into: &reading)
        reading.unread.insert(.gap, at: reading.unread.startIndex)
    }

    private static let pauseOfLoss = Duration.milliseconds(50)

    /// Takes what has been told since.
    private func drain(into reading: inout ChangeReading) throws(LockError) {
        reading.unread += inbox.take()
        guard reading.unread.count > EventInbox.most else { return }
        throw Self.lost
    }

    private static let lost = LockError(
        .engineUnavailable, "The watch ended with its session, or was read too slowly. Begin it again.",
        effect: .didNotHappen)

    private func tell(_ first: ChangeReading, _ session: ZooKeeperSession) async throws(LockError) {
        var reading = first
        while !isOver.isSet, !Task.isCancelled {
            try drain(into: &reading)
            while !isOver.isSet, !Task.isCancelled, let news = reading.unread.popFirst() {
                switch news {
                case .happened(let event): try await tell(event, &reading, session)
                case .gap:
                    reading.words = [:]
                    do throws(LockError) { try await catchUp(&reading, session) } catch {
                        guard error.isOfLostServer else { throw error }
                        try await again(&reading)
                    }
                case .lost: throw Self.lost
                }
            }
            if !reading.machine.awaitsMore { for told in reading.machine.settle() { try yield(told) } }
            // The loop looks at what ended it.
            _ = try? await inbox.signal.sleep(until: nil, on: backend.time)
        }
    }

    private func tell(
        _ event: ZKEvent, _ reading: inout ChangeReading, _ session: ZooKeeperSession
    ) async throws(LockError) {
        if let word = backend.naming.word(event.path) { return reading.heard(word, event.kind) }
        if let name = backend.naming.register(event.path), name.text.utf8.starts(with: prefix.utf8) {
            let writer = event.kind == .deleted ? nil : await backend.writer(ofRegister: event.path, session)
            return try yield(reading.machine.registerChanged(writer, of: name))
        }
        guard let (name, contender) = backend.naming.contender(event.path),
            name.text.utf8.starts(with: prefix.utf8), event.kind != .childrenChanged
        else { return }
        let change: ChangeMachine.Event?
        if event.kind == .deleted {
            change = .deleted(contender.text, try await departure(of: contender, name, &reading, session))
        } else {
            change = try await written(contender, name, event.kind, &reading, session)
        }
        guard let change else { return }
        for told in reading.machine.heard(change, of: name) { try yield(told) }
    }

    /// What was written to a node; `nil` where that is told by what comes after.
    private func written(
        _ contender: ContenderName, _ name: LockName, _ kind: ZKEvent.Kind?, _ reading: inout ChangeReading,
        _ session: ZooKeeperSession
    ) async throws(LockError) -> ChangeMachine.Event? {
        if reading.words[contender.text] == .revoked { return .revoked(contender.text) }
        let paths = backend.naming.paths(of: name)
        do throws(ZooKeeperError) {
            let found = try await backend.read([Contender(contender)], of: paths, on: session, backend.patience).first
            // A write of one that is gone is told by its end.
            return (found ?? (kind == .created ? Contender(unread: contender) : nil)).map { .written($0) }
        } catch {
            guard error.code == .connectionLost else { throw ZooKeeperBackend.notAsked(error) }
        }
        try await again(&reading)
        return nil
    }

    /// A deletion alone does not say whether its holder gave the lock back, or ran out and took all nodes of its session along.
    private func departure(
        of contender: ContenderName, _ name: LockName, _ reading: inout ChangeReading, _ session: ZooKeeperSession
    ) async throws(LockError) -> ChangeMachine.Departure {
        switch reading.words[contender.text] {
        case .forced: return .takenAway
        case .ended: return .ranOut
        case .revoked, .closing, nil: break
        }
        guard let holder = reading.machine.holderInQuestion(contender.text, of: name),
            await isGone(holder, session)
        else { return .left }
        // What was told before that answer has come before it: its client may have closed the session right after.
        try drain(into: &reading)
        return reading.isClosing(holder.session) ? .left : .ranOut
    }

    private func isGone(_ holder: Contender?, _ session: ZooKeeperSession) async -> Bool {
        guard let holder, holder.record != nil else { return false }
        let own = backend.naming.session(holder.session)
        // Whoever cannot be asked about is taken for somebody who gave it back.
        let answer = await backend.askPersistently(
            .exists(path: own, watch: false), of: session, until: backend.patience)
        guard case .failure(let error) = answer.answer else { return false }
        return error.code == .noNode
    }

    private func yield(_ change: LockChange) throws(LockError) {
        // A reader that fell behind must not believe that it saw everything.
        guard case .dropped = stream.yield(change) else { return }
        throw LockError(
            .limitExceeded, "Changes were left unread until there were too many. Read faster, and begin again.",
            effect: .didNotHappen)
    }
}

extension Contender {
    /// One that was gone before it could be read: known by its number alone, which no transaction has.
    fileprivate init(unread name: ContenderName) {
        self.init(name)
        created = -1 - Int64(UInt32(bitPattern: name.sequence))
    }
}
