import Jute
import Lockstead

extension ZooKeeperBackend {
    /// One call of an acquire: what does not change between its asks.
    struct Ask: Sendable {
        let request: LockRequest
        let session: ZooKeeperSession
        let paths: [LockPaths]
        /// What all nodes of the request begin with.
        let start: String
        /// Puts a node into each queue.
        let creation: ZKOperation
        /// Rung when something happens that the request waits for.
        let bell = LookBell()
        /// Whether an attempt was sent that nobody answered: its nodes may be there.
        let isDoubtful = OnceFlag()
    }

    /// A request's place in the queue of each name, and who was before it when that was read.
    struct Place: Sendable {
        /// The transaction that made its nodes, which is its token.
        let created: Int64
        /// Its own node in each queue.
        let own: [ContenderName]
        /// Those before it and itself; of an exclusive request only the last one before it.
        private(set) var queues: [ContenderQueue]
        /// In which queues there were more before it than are kept.
        private(set) var isCut: [Bool]

        init(created: Int64, own: [ContenderName], queues: [ContenderQueue]) {
            (self.created, self.own) = (created, own)
            (self.queues, isCut) = ([], [])
            for (name, queue) in zip(own, queues) {
                let (kept, isCut) = queue.before(name)
                self.queues.append(kept)
                self.isCut.append(isCut)
            }
        }

        /// The queue was read anew.
        mutating func read(_ queue: ContenderQueue, at index: Int) {
            (queues[index], isCut[index]) = queue.before(own[index])
        }

        /// One has left; those who came before somebody never become more.
        ///
        /// - Returns: Whether what is kept still tells who is in the way.
        mutating func left(_ other: String, at index: Int) -> Bool {
            queues[index].contenders.removeAll { $0.name.text == other }
            return !isCut[index] && queues[index].contenders.first?.name == own[index]
        }
    }

    /// Why an ask brought nothing.
    enum AskFailure: Error {
        /// The lock's rules say no.
        case refused(LockError)
        /// Nobody answered.
        case unanswered(ZooKeeperError)
    }

    func ask(for request: LockRequest, _ session: ZooKeeperSession) -> Ask {
        let paths = request.names.map(naming.paths)
        var record = ContenderRecord(
            mode: request.mode, owner: request.owner, since: time.wallClockNanoseconds / 1_000_000,
            lease: Int64(request.lease / .milliseconds(1)), note: request.note)
        if request.names.count > 1 { record.names = request.names }
        let prefix = engine.layout.prefix(of: request.id, request.mode)
        let creations = paths.map { path in
            ZKOperation.create(
                path: path.queue + "/" + prefix, data: record.bytes, access: engine.accessList,
                kind: .ephemeralSequential)
        }
        return Ask(
            request: request, session: session, paths: paths, start: engine.layout.start(of: request.id),
            creation: creations.count == 1 ? creations[0] : .multi(creations))
    }

    /// L5: a call returns at most 100 ms after its deadline.
    ///
    /// Who waits for nothing, or whose deadline has passed, gets the configured time.
    func firstDeadline(of request: LockRequest) -> ContinuousTime {
        guard case .until(let deadline) = request.wait, deadline > time.now else { return patience }
        return min(patience, deadline.advanced(by: Self.lastWord))
    }

    /// When an exchange of a wait must be over (L5).
    func lookEnd(_ ask: Ask) -> ContinuousTime { ask.request.wait.deadline.advanced(by: Self.lastWord) }
}

extension ContenderQueue {
    /// Who was before one of them, and itself; of an exclusive one only the last before it matters (R31).
    ///
    /// A queue of a thousand would else be kept by each of a thousand.
    fileprivate func before(_ own: ContenderName) -> (ContenderQueue, isCut: Bool) {
        guard let place = contenders.firstIndex(where: { $0.name == own }) else { return (self, false) }
        var kept = self
        kept.contenders.removeSubrange((place + 1)...)
        // What a name is in use as the first one says.
        guard own.mode == .exclusive, place > 1, kind == own.mode.kind, contenders[place - 1].mode.kind == own.mode.kind
        else { return (kept, false) }
        kept.contenders.removeFirst(place - 1)
        return (kept, true)
    }
}
