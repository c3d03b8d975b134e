import Dispatch
import Glibc
import Lockstead
import LocksteadTesting
import Testing

@testable import FaultKit

/// Sends back what it gets, on a thread for each connection.
private final class Echo: Sendable {
    let port: UInt16
    private let listener: CInt

    init() throws {
        let (listener, port) = try Sockets.listen()
        (self.listener, self.port) = (listener, port)
        DispatchQueue(label: "echo").async {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                DispatchQueue(label: "echo.client").async {
                    var buffer = [UInt8](repeating: 0, count: 4096)
                    while case let count = recv(client, &buffer, buffer.count, 0), count > 0 {
                        guard send(client, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
                    }
                    close(client)
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}

/// A client of the relay that waits a bounded time.
private struct Caller {
    let socket: CInt

    init(_ port: UInt16) throws { socket = try Sockets.connect(to: port) }

    func say(_ text: String) {
        let bytes = Array(text.utf8)
        _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// What came within so many milliseconds; `nil` where nothing came; empty at the end of the connection.
    func hear(within milliseconds: Int) -> String? {
        var patience = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(socket, &buffer, buffer.count, 0)
        if count < 0 { return errno == EAGAIN ? nil : "" }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

struct RelayTests {
    private let echo: Echo
    private let relay: Relay

    init() throws {
        echo = try Echo()
        relay = try Relay(to: echo.port)
    }

    private func caller() throws -> Caller { try Caller(relay.port) }

    @Test("Bytes pass both ways, in order")
    func passing() throws {
        let caller = try caller()
        defer { close(caller.socket) }
        caller.say("one")
        #expect(caller.hear(within: 5000) == "one")
        caller.say("two")
        #expect(caller.hear(within: 5000) == "two")
    }

    @Test("A frozen direction holds back without ending the connection, and gives all of it out afterwards")
    func freezing() throws {
        let caller = try caller()
        defer { close(caller.socket) }
        relay.set { $0.frozen = [.toClient] }
        caller.say("held")
        #expect(caller.hear(within: 200) == nil)
        relay.set { $0.frozen = [] }
        #expect(caller.hear(within: 5000) == "held")
    }

    @Test("A delay applies in each direction")
    func delaying() throws {
        let caller = try caller()
        defer { close(caller.socket) }
        relay.set { $0.delay = 60...80 }
        // What comes while the rules change may go by the old ones.
        caller.say("before")
        #expect(caller.hear(within: 5000) == "before")
        let start = SystemTimeSource().now
        caller.say("slow")
        #expect(caller.hear(within: 5000) == "slow")
        #expect(start.duration(to: SystemTimeSource().now) >= .milliseconds(120))
    }

    @Test("An answer is swallowed with its connection, once, and only where the client sent the pattern")
    func swallowing() async throws {
        let (other, caller) = (try caller(), try caller())
        defer { for each in [other, caller] { close(each.socket) } }
        relay.set { $0.swallow = Array("prize".utf8) }
        other.say("nothing")
        #expect(other.hear(within: 5000) == "nothing")
        caller.say("the pri")
        #expect(caller.hear(within: 5000) == "the pri")
        caller.say("ze is mine")
        #expect(caller.hear(within: 5000) == "")
        #expect(await relay.awaitSwallowed(1))
        let again = try self.caller()
        defer { close(again.socket) }
        again.say("prize")
        #expect(again.hear(within: 5000) == "prize")
        #expect(relay.swallowed == 1)
    }

    @Test("A cut ends all connections and lets new ones in")
    func cutting() throws {
        let caller = try caller()
        defer { close(caller.socket) }
        caller.say("one")
        #expect(caller.hear(within: 5000) == "one")
        relay.cut()
        #expect(caller.hear(within: 5000) == "")
        let next = try self.caller()
        defer { close(next.socket) }
        next.say("two")
        #expect(next.hear(within: 5000) == "two")
    }

    @Test("Loss is modelled as the time that TCP takes to send again: twice as long each time")
    func modelledLoss() {
        var rules = RelayRules()
        var generator = SystemRandomNumberGenerator()
        #expect(rules.journey(using: &generator) == 0)
        rules.lossPercent = 100
        #expect(rules.journey(using: &generator) == (200 + 400 + 800 + 1600 + 3200 + 6400) * 1_000_000)
    }
}
