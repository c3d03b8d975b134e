import Jute
import Lockstead

// A place in the queue of each name.
extension ZooKeeperBackend {
    /// Puts the request's nodes there if they are not, and reads who is before them.
    func place(_ ask: Ask, _ deadline: ContinuousTime) async -> Result<Place, AskFailure> {
        guard await placing.begin(ask.request.id, until: deadline, on: time) else {
            return .failure(
                .unanswered(
                    ZooKeeperError(
                        Task.isCancelled ? .cancelled : .deadlineExceeded,
                        "Another call of the same request is under way, and had no answer in time.",
                        effect: .mayHaveHappened)))
        }
        defer { placing.end(ask.request.id) }
        do throws(ZooKeeperError) {
            try await announce(ask.session, until: deadline)
            if ask.isDoubtful.isSet, let place = try await found(ask, deadline) { return .success(place) }
            return .success(try await placed(ask, deadline))
        } catch {
            if error.effect == .mayHaveHappened { ask.isDoubtful.set() }
            switch error.code {
            case .noNode where ask.isDoubtful.isSet:
                _ = await withdraw(ask, nil)
                return .failure(.refused(.placeLost(of: ask.request)))
            case .sessionExpired where !ask.session.wasEverConnected: return .failure(.unanswered(error))
            case .sessionExpired:
                forget(ask)
                return .failure(.refused(.placeLost(of: ask.request)))
            default: return .failure(.unanswered(error))
            }
        }
    }

    /// Creates the nodes, and what they lie under where that is missing; reads the queues right behind, in the same packet.
    private func placed(_ ask: Ask, _ deadline: ContinuousTime) async throws(ZooKeeperError) -> Place {
        for _ in 0..<Self.mostRaces {
            let creation = ask.session.send(ask.creation, until: deadline)
            let reads = ask.paths.map { ask.session.send(.getChildren(path: $0.queue, watch: false), until: deadline) }
            guard let made = try made(await creation.value(on: time)) else {
                try await makeQueues(of: ask, deadline)
                continue
            }
            var queues: [ContenderQueue] = []
            for (paths, read) in zip(ask.paths, reads) {
                do throws(ZooKeeperError) {
                    queues.append(try await queue(read, of: paths, on: ask.session, deadline))
                } catch {
                    // What was created stays, whatever becomes of the reading.
                    throw error.with(effect: .mayHaveHappened)
                }
            }
            return Place(created: made.created, own: made.own, queues: queues)
        }
        throw ZooKeeperError(
            .refused, "The nodes of the lock are removed as fast as they are made. Stop who removes them.",
            effect: .didNotHappen)
    }

    /// So often a queue's node, which servers remove once it is empty, may go between its making and its use.
    private static let mostRaces = 20

    /// The nodes that were made; `nil` where what they lie under is missing.
    private func made(
        _ answer: ZKCall.Answer
    ) throws(ZooKeeperError) -> (created: Int64, own: [ContenderName])? {
        if case .failure(let error) = answer, error.code == .noNode { return nil }
        let answered = try answer.get()
        let paths: [String]
        switch answered.result {
        case .created(let path, _): paths = [path]
        case .parts(let parts):
            for case .failed(let code) in parts where code != .fine && code != .rolledBack {
                if code == .noNode { return nil }
                throw ZooKeeperError(code, of: "")
            }
            paths = parts.compactMap { if case .created(let path, _) = $0 { path } else { nil } }
        default: throw .badAnswer
        }
        let own = paths.compactMap { path in
            path.lastIndex(of: "/").map { ContenderName(String(path[path.index(after: $0)...])) } ?? nil
        }
        guard !own.isEmpty, own.count == paths.count else { throw .badAnswer }
        return (answered.transaction, own)
    }

    /// Looks for nodes of an attempt whose answer was lost (R23), after the server has caught up.
    ///
    /// - Returns: The place; `nil` where nothing of the request is there.
    private func found(_ ask: Ask, _ deadline: ContinuousTime) async throws(ZooKeeperError) -> Place? {
        let queues = try await freshQueues(of: ask.paths, on: ask.session, deadline)
        var own: [Contender] = []
        for (paths, queue) in zip(ask.paths, queues) {
            own += try await nodes(beginning: ask.start, in: queue, of: paths, on: ask.session, deadline).prefix(1)
        }
        guard let first = own.first else { return nil }
        guard own.count == ask.paths.count else { throw .nodeRemoved }
        return Place(created: first.created, own: own.map(\.name), queues: queues)
    }

    /// The nodes of one request that belong to a session: what one before it left never confers a lock, and is not ours to delete (R42).
    func nodes(
        beginning start: String, in queue: ContenderQueue, of paths: LockPaths, on session: ZooKeeperSession,
        _ deadline: ContinuousTime
    ) async throws(ZooKeeperError) -> [Contender] {
        let named = queue.contenders.filter { $0.name.text.hasPrefix(start) }
        return try await read(named, of: paths, on: session, deadline).filter { $0.session == session.id }
    }

    /// The queues as of now: the server catches up with the leader first.
    func freshQueues(
        of paths: [LockPaths], on session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(ZooKeeperError) -> [ContenderQueue] {
        let sync = session.send(.sync(path: naming.rootNode), until: deadline)
        let reads = paths.map { session.send(.getChildren(path: $0.queue, watch: false), until: deadline) }
        // Its order before the reads is what matters.
        _ = try await sync.value(on: time).get()
        var queues: [ContenderQueue] = []
        for (paths, read) in zip(paths, reads) {
            do throws(ZooKeeperError) { queues.append(try await queue(read, of: paths, on: session, deadline)) } catch {
                // Nobody has ever been there, or not for long.
                guard error.code == .noNode else { throw error }
                queues.append(ContenderQueue([]))
            }
        }
        return queues
    }

    /// The contenders among the children that were read, in their order.
    func queue(
        _ read: ZKCall, of paths: LockPaths, on session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(ZooKeeperError) -> ContenderQueue {
        let queue = try await read.value(on: time).get().queue
        guard queue.isWornOut else { return queue }
        let calls = queue.contenders.map {
            session.send(.exists(path: paths.contender($0.name), watch: false), until: deadline)
        }
        var found: [Contender] = []
        for (var contender, call) in zip(queue.contenders, calls) {
            do throws(ZooKeeperError) {
                guard case .stat(let stat) = try await call.value(on: time).get().result else { throw .badAnswer }
                contender.created = stat.created
                found.append(contender)
            } catch {
                // One that has gone since is before nobody.
                guard error.code == .noNode else { throw error }
            }
        }
        return ContenderQueue(found)
    }

    // MARK: What contenders lie under

    private func makeQueues(of ask: Ask, _ deadline: ContinuousTime) async throws(ZooKeeperError) {
        for path in ask.paths { try await makeNode(path.queue, on: ask.session, deadline) }
    }

    /// Makes a node, and those above it first where they are missing.
    ///
    /// Nodes of names are containers, which the servers remove some time after they have become empty.
    func makeNode(_ path: String, on session: ZooKeeperSession, _ deadline: ContinuousTime) async throws(ZooKeeperError)
    {
        let isOfNames = path.count > naming.root.count
        let creation = ZKOperation.create(
            path: path, data: [], access: engine.accessList, kind: isOfNames ? .container : .persistent)
        do throws(ZooKeeperError) { _ = try await session.ask(creation, until: deadline) } catch {
            switch error.code {
            case .nodeExists: return
            case .noNode:
                guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw error }
                try await makeNode(String(path[..<slash]), on: session, deadline)
                try await makeNode(path, on: session, deadline)
            default: throw error.with(effect: .didNotHappen)
            }
        }
    }
}

extension ZKAnswered {
    /// The contenders among the children that were read.
    var queue: ContenderQueue {
        guard case .children(let children, _) = result else { return ContenderQueue([]) }
        return ContenderQueue(children: children)
    }
}

extension ZooKeeperError {
    /// Somebody removed a node of a request, and left the session as it is.
    static let nodeRemoved = ZooKeeperError(.noNode, "The request's node was removed.", effect: .didNotHappen)

    static let badAnswer = ZooKeeperError(
        .protocolViolation, "The server's answer cannot be read; is something between that changes answers?",
        effect: .mayHaveHappened)
}
