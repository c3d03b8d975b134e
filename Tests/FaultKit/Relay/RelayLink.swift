import Glibc

/// One connection through a relay: two sockets, and what is on its way between them.
struct RelayLink {
    let client: CInt
    let server: CInt
    private var toServer = DelayLine()
    private var toClient = DelayLine()
    private var isClientDone = false
    private var isServerDone = false
    /// The last bytes that the client sent, in which a pattern may begin.
    private var tail: [UInt8] = []
    private var isMarked = false
    private var filter = KeepAliveFilter()
    private(set) var isOver = false
    /// Whether its ends are to notice that something went wrong.
    private(set) var isBroken = false

    /// More than this waits in the sockets.
    private static let mostBytes = 1 << 20

    init(client: CInt, server: CInt) { (self.client, self.server) = (client, server) }

    /// What to wait for.
    func interest(_ rules: RelayRules, now: Int64) -> [pollfd] {
        let toClient = events(!isClientDone, self.toServer, self.toClient, rules.frozen.contains(.toClient), now)
        let toServer = events(!isServerDone, self.toClient, self.toServer, rules.frozen.contains(.toServer), now)
        // A socket of which nothing is wanted would still report its end, again and again.
        return [(client, toClient), (server, toServer)].map { socket, events in
            pollfd(fd: events == 0 ? -1 : socket, events: events, revents: 0)
        }
    }

    private func events(_ reads: Bool, _ inward: DelayLine, _ outward: DelayLine, _ isFrozen: Bool, _ now: Int64)
        -> Int16
    {
        var events: Int32 = 0
        if reads, inward.count < Self.mostBytes { events |= POLLIN }
        if !isFrozen, outward.first(at: now) != nil { events |= POLLOUT }
        return Int16(events)
    }

    /// When something is due next.
    func due(_ rules: RelayRules) -> Int64? {
        let up = rules.frozen.contains(.toServer) ? nil : toServer.due
        let down = rules.frozen.contains(.toClient) ? nil : toClient.due
        return [up, down].compactMap { $0 }.min()
    }

    /// Takes in what has come.
    ///
    /// - Returns: Whether it swallowed an answer; the connection is over then.
    mutating func receive(
        _ direction: RelayRules.Direction, _ rules: RelayRules, now: Int64,
        _ generator: inout SystemRandomNumberGenerator
    ) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(direction == .toServer ? client : server, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN || errno == EINTR { return false }
        guard count > 0 else {
            if count < 0 { (isOver, isBroken) = (true, true) }
            if direction == .toServer { isClientDone = true } else { isServerDone = true }
            return false
        }
        let bytes = Array(buffer[..<count])
        if direction == .toClient, isMarked, rules.swallow != nil {
            (isOver, isBroken) = (true, true)
            return true
        }
        let due = now + rules.journey(using: &generator)
        if direction == .toServer {
            mark(bytes, rules.swallow)
            let passed = filter.pass(bytes, isOn: rules.withholdsKeepAlives)
            if !passed.isEmpty { toServer.push(passed, due: due) }
        } else {
            toClient.push(bytes, due: due)
        }
        return false
    }

    private mutating func mark(_ bytes: [UInt8], _ pattern: [UInt8]?) {
        guard let pattern, !pattern.isEmpty else { return }
        let text = tail + bytes
        if text.count >= pattern.count {
            isMarked = isMarked || (0...text.count - pattern.count).contains { text[$0...].starts(with: pattern) }
        }
        tail = Array(text.suffix(pattern.count - 1))
    }

    /// Sends on what is due.
    mutating func send(_ rules: RelayRules, now: Int64) {
        var isWhole = true
        if !rules.frozen.contains(.toServer) { isWhole = Self.send(&toServer, to: server, now) }
        if !rules.frozen.contains(.toClient) { isWhole = Self.send(&toClient, to: client, now) && isWhole }
        if !isWhole { (isOver, isBroken) = (true, true) }
        // The end of one side is the end of both, once all has arrived: no engine's protocol lives on half a connection.
        if isClientDone, toServer.isEmpty { isOver = true }
        if isServerDone, toClient.isEmpty { isOver = true }
    }

    /// - Returns: Whether the socket still takes bytes, now or later.
    private static func send(_ line: inout DelayLine, to socket: CInt, _ now: Int64) -> Bool {
        while let bytes = line.first(at: now) {
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            let count = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, flags) }
            if count < 0, errno == EAGAIN || errno == EINTR { return true }
            guard count > 0 else { return false }
            line.drop(count)
        }
        return true
    }

    /// Closes both sides.
    ///
    /// - Parameter abruptly: With a reset, as a connection ends whose other side has gone.
    func close(abruptly: Bool) {
        for socket in [client, server] {
            if abruptly {
                var rest = linger(l_onoff: 1, l_linger: 0)
                setsockopt(socket, SOL_SOCKET, SO_LINGER, &rest, socklen_t(MemoryLayout<linger>.size))
            }
            Glibc.close(socket)
        }
    }
}
