import Glibc
import Lockstead
import NIOPosix
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("How long connecting takes at most")
struct ConnectTimeTests {
    @Test("Reaching the server and logging in share one timeout")
    func shared() async throws {
        let port = try Loopback.freePort()
        let listener = try Self.listen(on: port)
        defer { close(listener) }
        // Takes the only place in the kernel's queue, so that our first attempt is dropped and repeated by it after a second.
        #expect(Loopback.answers(port: port))
        var configuration = RedisConfiguration(endpoints: [.host("127.0.0.1", port: port)])
        configuration.timeouts.connect = .milliseconds(1_600)
        let time = SystemTimeSource()
        let connector = RedisConnector(
            endpoint: configuration.endpoints[0], configuration: configuration, time: time,
            group: MultiThreadedEventLoopGroup.singleton)
        let start = time.now
        async let failure = failure { () async throws(RedisError) in
            try await connector.connectOnce { CommandSession(queue: CallQueue(limit: 1), time: time) }
        }
        try await Task.sleep(for: .milliseconds(400))
        close(accept(listener, nil, nil))
        #expect(await failure?.code == .unreachable)
        let elapsed = start.duration(to: time.now)
        #expect(elapsed > .milliseconds(1_000) && elapsed < .milliseconds(2_300), "\(elapsed)")
    }

    /// A socket that listens with room for one, and takes nobody by itself.
    private static func listen(on port: Int) throws -> CInt {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, Glibc.listen(descriptor, 0) == 0 else { throw ServerError("no socket listens (\(errno))") }
        return descriptor
    }
}
