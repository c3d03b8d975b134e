/// Which of a node's connections a command goes to, or whether it waits or fails at once.
///
/// While the last attempt to connect has failed and none is under way, commands fail at once with its error; those that wait for an attempt
/// fail when it does, unless another connection has never been tried yet. The caller decides how long to go on.
struct NodeMachine<Connection, Waiting> {
    private enum Slot {
        /// With what the attempt before it came to, if it failed. Can transition to: `ready`, `failed`.
        case connecting(after: RedisError?)
        /// Can transition to: `connecting`.
        case ready(Connection)
        /// Until the next attempt. Can transition to: `connecting`.
        case failed(RedisError)
    }

    enum Route {
        case send(Connection)
        /// Until a connection is there.
        case wait
        case fail(RedisError)
    }

    private var slots: [Slot]
    private var waiting: [Waiting] = []
    private var next = 0
    private var isShutDown = false

    init(connections: Int) { slots = Array(repeating: .connecting(after: nil), count: max(1, connections)) }

    var slotCount: Int { slots.count }

    var waitingCount: Int { waiting.count }

    /// Where the next command goes: to a preferred connection, else to each in turn.
    mutating func route(preferring isPreferred: (Connection) -> Bool = { _ in false }) -> Route {
        if isShutDown { return .fail(.shutDown) }
        var turn: (index: Int, connection: Connection)?
        for step in 0..<slots.count {
            let index = (next + step) % slots.count
            guard case .ready(let connection) = slots[index] else { continue }
            if isPreferred(connection) { return .send(connection) }
            turn = turn ?? (index, connection)
        }
        guard let turn else { return hopelessness.map { .fail($0) } ?? .wait }
        next = (turn.index + 1) % slots.count
        return .send(turn.connection)
    }

    /// Why no connection is about to come; `nil` where one may.
    private var hopelessness: RedisError? {
        var last: RedisError?
        for slot in slots {
            switch slot {
            case .connecting, .ready: return nil
            case .failed(let error): last = error
            }
        }
        return last
    }

    /// Whether no connection has anything but failures behind it.
    private var isFailing: Bool {
        slots.allSatisfy { slot in
            switch slot {
            case .failed: true
            case .connecting(let failure): failure != nil
            case .ready: false
            }
        }
    }

    mutating func wait(_ waiting: Waiting) { self.waiting.append(waiting) }

    mutating func connecting(_ slot: Int) {
        if case .failed(let error) = slots[slot] {
            slots[slot] = .connecting(after: error)
        } else {
            slots[slot] = .connecting(after: nil)
        }
    }

    /// - Returns: Who waited for a connection, in order.
    mutating func connected(_ slot: Int, _ connection: Connection) -> [Waiting] {
        slots[slot] = .ready(connection)
        return takeWaiting()
    }

    /// - Returns: Who waited, where there is nothing to wait for any more.
    mutating func failed(_ slot: Int, _ error: RedisError) -> [Waiting] {
        slots[slot] = .failed(error)
        return isFailing ? takeWaiting() : []
    }

    /// - Returns: Who waited.
    mutating func shutDown() -> [Waiting] {
        isShutDown = true
        return takeWaiting()
    }

    private mutating func takeWaiting() -> [Waiting] {
        defer { waiting = [] }
        return waiting
    }

    /// The connections there are.
    var ready: [Connection] {
        slots.compactMap { if case .ready(let connection) = $0 { connection } else { nil } }
    }
}
