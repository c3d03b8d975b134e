import Dispatch
import Glibc
import Lockstead
import LocksteadTesting
import Synchronization

/// A TCP relay on the loopback interface that delays, holds back, and cuts what passes through it.
///
/// One thread serves all of its connections. Ends with the last reference, or by ``end()``.
package final class Relay: Sendable {
    /// Where clients connect to.
    package let port: UInt16
    private let desk: Desk

    /// Begins to relay.
    ///
    /// - Parameter target: The port that connections lead to.
    /// - Throws: `SystemError` where there is no socket to be had.
    package init(to target: UInt16) throws {
        let (listener, port) = try Sockets.listen()
        let desk = Desk(bell: try Bell())
        (self.port, self.desk) = (port, desk)
        DispatchQueue(label: "relay").async {
            var thread = RelayThread(listener: listener, bell: desk.bell.ear, target: target)
            while desk.serve(&thread) {}
            thread.close()
            desk.bell.close()
        }
    }

    deinit { end() }

    /// What it does from now on.
    package func set(_ change: (inout RelayRules) -> Void) {
        desk.orders.withLock { change(&$0.rules) }
        desk.bell.ring()
    }

    /// Ends all connections abruptly; new ones are welcome.
    package func cut() {
        desk.orders.withLock { $0.cuts = true }
        desk.bell.ring()
    }

    /// How many answers were swallowed so far.
    package var swallowed: Int { desk.swallowed.value }

    /// Waits until so many answers have been swallowed.
    ///
    /// - Returns: Whether they were, within the limit.
    func awaitSwallowed(_ count: Int, within limit: Duration = .seconds(20)) async -> Bool {
        await desk.swallowed.until(within: limit) { $0 >= count }
    }

    /// Ends all connections and takes no more.
    package func end() {
        desk.orders.withLock { $0.isOver = true }
        desk.bell.ring()
    }
}

/// What a relay's owner and its thread share.
private final class Desk: Sendable {
    struct Orders {
        var rules = RelayRules()
        var cuts = false
        var isOver = false
    }

    let orders = Mutex(Orders())
    let swallowed = Watched(0)
    let bell: Bell

    init(bell: Bell) { self.bell = bell }

    /// One turn of the thread.
    ///
    /// - Returns: Whether there will be another.
    func serve(_ thread: inout RelayThread) -> Bool {
        let (rules, cuts, isOver) = orders.withLock { orders in
            defer { orders.cuts = false }
            return (orders.rules, orders.cuts, orders.isOver)
        }
        if cuts || isOver { thread.cutAll() }
        guard !isOver else { return false }
        let count = thread.turn(rules)
        if count > 0 {
            orders.withLock { $0.rules.swallow = nil }
            swallowed.update { $0 += count }
        }
        return true
    }
}

/// Wakes a thread that polls.
private final class Bell: Sendable {
    let ear: CInt
    private let clapper: CInt
    private let isClosed = Mutex(false)

    init() throws(SystemError) {
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw .last("pipe", "") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (ear, clapper) = (ends[0], ends[1])
    }

    func ring() {
        // A full pipe wakes as well as one more byte.
        isClosed.withLock { isClosed in if !isClosed { _ = write(clapper, [1] as [UInt8], 1) } }
    }

    func close() {
        isClosed.withLock { isClosed in
            isClosed = true
            Glibc.close(ear)
            Glibc.close(clapper)
        }
    }
}
