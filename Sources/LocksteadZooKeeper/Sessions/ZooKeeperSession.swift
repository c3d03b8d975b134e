import Jute
import Lockstead
import Synchronization

/// One session of ZooKeeper, on which all requests and grants of one lease duration rest.
///
/// Keeps its connection while ``run()`` does; goes on at another server where one is lost.
final class ZooKeeperSession: Sendable {
    struct State {
        var machine: SessionMachine
        var connection: ZKConnection?
        /// The answer to the connection's first frame.
        var greeting: Result<ZKConnectResponse, ZooKeeperError>?
        var watches = WatchTable()
        /// Why it is over, or why no server is reached at present.
        var trouble: ZooKeeperError?
        /// Whether it is to be given back.
        var isClosing = false
    }

    /// The timeout it asks for.
    let lease: Duration
    /// Whether it is content with another one: nothing is held by it.
    let takesAnyTimeout: Bool
    let configuration: ZooKeeperConfiguration
    let time: any TimeSource
    let servers: ServerList
    let state: Mutex<State>
    /// Has the task that keeps it look at what has changed.
    let changed = WakeSignal()
    /// Where it says what.
    let naming: LockNaming
    private let users = Tally()
    private let commands: Tally
    /// Told when it is lost from sight, and when it is back or over.
    let listener: @Sendable (ZooKeeperSession, Event) -> Void

    enum Event: Sendable {
        case disconnected(String)
        case over
    }

    init(
        lease: Duration, lag: Duration, _ configuration: ZooKeeperConfiguration, servers: ServerList,
        time: any TimeSource, takesAnyTimeout: Bool = false, naming: LockNaming, counting commands: Tally,
        listener: @escaping @Sendable (ZooKeeperSession, Event) -> Void
    ) {
        (self.lease, self.configuration, self.servers) = (lease, configuration, servers)
        (self.time, self.listener, self.takesAnyTimeout) = (time, listener, takesAnyTimeout)
        (self.naming, self.commands) = (naming, commands)
        state = Mutex(State(machine: SessionMachine(timeout: lease, lag: lag, at: time.now)))
    }

    /// The number that ephemeral nodes bear; 0 before a server gave it.
    var id: Int64 { state.withLock { $0.machine.identity?.id ?? 0 } }
    var isOver: Bool { state.withLock { $0.machine.phase == .over } }
    var isConnected: Bool { state.withLock { $0.machine.phase == .connected } }
    var proof: ProofOfLife? { state.withLock { $0.machine.proof } }
    /// The timeout that the servers gave.
    var timeout: Duration { state.withLock { $0.machine.timeout } }
    var wasEverConnected: Bool { state.withLock { $0.machine.identity != nil } }

    /// What a call's failure comes from, where no server is reached.
    func explained(_ error: ZooKeeperError) -> ZooKeeperError {
        let trouble = state.withLock { $0.machine.phase == .connected ? nil : $0.trouble }
        guard let trouble, error.code == .deadlineExceeded || error.code == .sessionExpired else { return error }
        return trouble.with(effect: error.effect)
    }

    /// Whether new requests may rest on it: nobody has said that it is over, and it was heard of within its timeout.
    func isUsable(at now: ContinuousTime) -> Bool {
        state.withLock { state in
            guard state.machine.phase != .over, !state.isClosing else { return false }
            return state.machine.identity == nil || !state.machine.isSilent(at: now)
        }
    }

    // MARK: Calls

    /// Asks for one thing; the deadline and a cancellation end the wait.
    func ask(_ operation: ZKOperation, until deadline: ContinuousTime) async throws(ZooKeeperError) -> ZKAnswered {
        let call = send(operation, until: deadline)
        return try await call.value(on: time).get()
    }

    /// Sends without waiting: what is sent one after the other is carried out in that order.
    func send(_ operation: ZKOperation, until deadline: ContinuousTime) -> ZKCall {
        let call = ZKCall(operation, deadline: deadline)
        commands.add(1)
        let now = time.now
        let refusal = state.withLock { state -> ZooKeeperError? in
            switch state.machine.submit(call, at: now) {
            case .write(let frame):
                // In the lock, so that frames go out in the order of their numbers.
                state.connection?.write(frame)
                return nil
            case .waits: return nil
            case .over: return state.trouble ?? .sessionOver
            case .tooMany:
                return ZooKeeperError(
                    .overloaded, "Too many calls wait for a server. Try again later.", effect: .didNotHappen)
            }
        }
        if let refusal { call.decide { _ in .failure(refusal) } }
        return call
    }

    // MARK: Watches

    /// Begins to listen; the caller sets the watch at the server by what it asks after this.
    func watch(_ kind: NodeWatch.Kind, _ path: String, _ bell: LookBell) -> NodeWatch {
        let watch = NodeWatch(kind, path, bell)
        state.withLock { $0.watches.add(watch) }
        return watch
    }

    func unwatch(_ watch: NodeWatch) { state.withLock { $0.watches.remove(watch) } }

    /// Has an inbox told of all that happens below a node, from when the server has confirmed it.
    func read(_ inbox: EventInbox, below path: String, until deadline: ContinuousTime) async throws(ZooKeeperError) {
        state.withLock { $0.watches.add(inbox, below: path) }
        do throws(ZooKeeperError) { _ = try await ask(.addRecursiveWatch(path: path), until: deadline) } catch {
            _ = state.withLock { $0.watches.remove(inbox, below: path) }
            throw error
        }
    }

    func stopReading(_ inbox: EventInbox, below path: String) {
        // Nobody waits for the answer: events that still come find nobody.
        let removal = ZKCall(.removeWatches(path: path), deadline: .distantFuture)
        let now = time.now
        state.withLock { state in
            // In one step, or it might come behind the wish of another reader.
            guard state.watches.remove(inbox, below: path),
                case .write(let frame) = state.machine.submit(removal, at: now)
            else { return }
            state.connection?.write(frame)
        }
    }

    /// Whether its own node has been made, as far as is known.
    var isAnnounced: Bool {
        get { announced.load(ordering: .acquiring) }
        set { announced.store(newValue, ordering: .releasing) }
    }

    private let announced = Atomic(false)

    /// Tells those who watch that it ends by the will of its client.
    func sayThatItCloses(until deadline: ContinuousTime) {
        guard isAnnounced else { return }
        let word = PassingWord(.closing, LockNaming.text(of: id))
        // Nobody waits for the answer: what is sent next comes behind it.
        _ = send(ZKOperation(word, [], naming), until: deadline)
    }

    // MARK: Who rests on it

    var isIdle: Bool { users.value == 0 }
    func enter() { users.add(1) }
    func leave() { users.add(-1) }

    // MARK: Who waits

    private let asking = Tally()
    /// Whether somebody waits who renews nothing yet.
    var isAwaited: Bool { asking.value > 0 }

    func beginWait() {
        asking.add(1)
        changed.ring()
    }

    func endWait() { asking.add(-1) }

    /// Has it given back as soon as possible: its nodes go at once.
    func close() {
        state.withLock { $0.isClosing = true }
        changed.ring()
    }
}

extension ZooKeeperError {
    static let sessionOver = ZooKeeperError(
        .sessionExpired, "The session is over, and all its locks with it. Acquire again.", effect: .didNotHappen)
}
