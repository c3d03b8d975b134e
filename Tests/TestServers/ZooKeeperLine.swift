import Glibc
package import Jute
import Synchronization

/// One session with a ZooKeeper server, a question at a time: what an operator or a naive client does.
///
/// Blocks its thread for a few seconds at most.
package final class ZooKeeperLine: Sendable {
    private struct State {
        var descriptor: Int32
        var xid: Int32 = 0
        var splitter = FrameSplitter()
        var frames: [[UInt8]] = []
    }

    /// What the server says that went wrong.
    package struct Refusal: Error {
        package let code: ZKErrorCode
    }

    /// The session's own number, which its ephemeral nodes bear.
    package let session: Int64
    private let state: Mutex<State>

    /// Connects, and begins a session or goes on with one.
    ///
    /// - Parameters:
    ///   - server: Where.
    ///   - timeout: The session's, in milliseconds.
    ///   - session: One that somebody else began; the servers take whoever knows its password.
    /// - Throws: `ServerError` where the server is not there, does not answer, or knows no such session.
    package init(_ server: ZooKeeperServer, timeout: Int32 = 5_000, takingOver session: Int64 = 0) throws {
        guard let descriptor = Loopback.connect(to: server.plainPort, host: server.host) else {
            throw ServerError("nobody listens at \(server.authority)")
        }
        var patience = timeval(tv_sec: 3, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var state = State(descriptor: descriptor)
        let request = ZKConnectRequest(
            lastSeen: 0, timeout: timeout, session: session, password: session == 0 ? [] : Self.password(of: session))
        try Self.send(request.frame, &state)
        let response = try ZKConnectResponse(try Self.receive(&state)[...])
        guard response.timeout > 0 else { throw ServerError("the session has expired") }
        self.session = response.session
        self.state = Mutex(state)
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    /// Asks for one thing.
    ///
    /// - Returns: What came, and the transaction that the server had seen.
    /// - Throws: ``Refusal`` where the server says no, `ServerError` where it says nothing.
    @discardableResult
    package func ask(_ operation: ZKOperation) throws -> (result: ZKResult, transaction: Int64) {
        try state.withLock { state in
            state.xid += 1
            try Self.send(operation.frame(xid: state.xid), &state)
            while true {
                guard
                    case .reply(state.xid, let transaction, let error, let body) = try ZKMessage(
                        try Self.receive(&state)[...])
                else { continue }
                guard error == .fine else { throw Refusal(code: error) }
                var reader = JuteReader(body)
                return (try ZKResult(of: operation, &reader), transaction)
            }
        }
    }

    /// Sends a sign of life, and waits for its answer.
    package func ping() throws {
        try state.withLock { state in
            try Self.send(ZKSpecialFrame.ping, &state)
            while true {
                if case .reply(ZKSpecialFrame.pingXid, _, _, _) = try ZKMessage(try Self.receive(&state)[...]) {
                    return
                }
            }
        }
    }

    /// Ends somebody's session, as an operator could who reads the servers' source: its nodes go at once.
    package static func end(_ session: Int64, at server: ZooKeeperServer) throws {
        try ZooKeeperLine(server, takingOver: session).ask(.closeSession)
    }

    /// What servers give to a session, drawn by Java's `Random` from its number and a word that all of them share.
    private static func password(of session: Int64) -> [UInt8] {
        let (multiplier, mask) = (UInt64(0x5_DEEC_E66D), UInt64(1) << 48 - 1)
        var seed = (UInt64(bitPattern: session) ^ 0xB341_5C00 ^ multiplier) & mask
        return (0..<4).flatMap { _ in
            seed = (seed &* multiplier &+ 0xB) & mask
            let drawn = UInt32(truncatingIfNeeded: seed >> 16)
            return (0..<4).map { UInt8(truncatingIfNeeded: drawn >> (8 * UInt32($0))) }
        }
    }

    // MARK: Bytes

    private static func send(_ frame: [UInt8], _ state: inout State) throws {
        var rest = frame[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(state.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw ServerError("the server takes nothing (\(errno))") }
            rest = rest.dropFirst(count)
        }
    }

    private static func receive(_ state: inout State) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while state.frames.isEmpty {
            let count = recv(state.descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { throw ServerError("the server does not answer (\(errno))") }
            var found: [[UInt8]] = []
            try state.splitter.take(bytes[..<count]) { found.append(Array($0)) }
            state.frames += found
        }
        return state.frames.removeFirst()
    }
}
