import Glibc
import Lockstead

/// What the one thread of a relay has in its hands.
struct RelayThread: Sendable {
    let listener: CInt
    let bell: CInt
    let target: UInt16
    private var links: [RelayLink] = []
    private var generator = SystemRandomNumberGenerator()
    private let time = SystemTimeSource()

    init(listener: CInt, bell: CInt, target: UInt16) {
        (self.listener, self.bell, self.target) = (listener, bell, target)
    }

    /// Waits for the next event and deals with it.
    ///
    /// - Returns: How many answers it swallowed.
    mutating func turn(_ rules: RelayRules) -> Int {
        var waited = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        waited.append(pollfd(fd: bell, events: Int16(POLLIN), revents: 0))
        let before = time.now.nanoseconds
        for link in links { waited += link.interest(rules, now: before) }
        guard poll(&waited, nfds_t(waited.count), timeout(rules, before)) >= 0 else { return 0 }
        if waited[1].revents != 0 { empty() }
        let now = time.now.nanoseconds
        var swallowed = 0
        for place in links.indices {
            let (client, server) = (waited[2 + 2 * place].revents, waited[3 + 2 * place].revents)
            if isReadable(client), links[place].receive(.toServer, rules, now: now, &generator) { swallowed += 1 }
            if isReadable(server), links[place].receive(.toClient, rules, now: now, &generator) { swallowed += 1 }
            links[place].send(rules, now: now)
        }
        for link in links where link.isOver { link.close(abruptly: link.isBroken) }
        links.removeAll(where: \.isOver)
        if waited[0].revents != 0 { welcome() }
        return swallowed
    }

    private func isReadable(_ events: Int16) -> Bool { Int32(events) & (POLLIN | POLLHUP | POLLERR) != 0 }

    /// Milliseconds until something is due, rounded up; -1 for ever.
    private func timeout(_ rules: RelayRules, _ now: Int64) -> CInt {
        guard let due = links.compactMap({ $0.due(rules) }).min() else { return -1 }
        return CInt(clamping: max(0, (due - now + 999_999) / 1_000_000))
    }

    private func empty() {
        var buffer = [UInt8](repeating: 0, count: 64)
        while read(bell, &buffer, buffer.count) > 0 {}
    }

    private mutating func welcome() {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        // A child that is born just now may inherit it; it closes with the run.
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        var on: CInt = 1
        setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
        do {
            links.append(RelayLink(client: client, server: try Sockets.connect(to: target)))
        } catch {
            // Behind the relay nobody listens: its client is to see that, too.
            Glibc.close(client)
        }
    }

    mutating func cutAll() {
        for link in links { link.close(abruptly: true) }
        links = []
    }

    mutating func close() {
        cutAll()
        Glibc.close(listener)
    }
}
