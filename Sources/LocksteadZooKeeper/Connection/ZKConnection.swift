import Lockstead
import NIOCore
import NIOPosix
import TransportSecurity
import Synchronization

/// One connection to one server: what is written goes out in that order, in few packets.
final class ZKConnection: Sendable {
    let endpoint: ZooKeeperEndpoint
    private let channel: any Channel
    private let unwritten = Mutex<[UInt8]>([])
    private let closed = OnceFlag()

    private init(_ channel: any Channel, to endpoint: ZooKeeperEndpoint) {
        (self.channel, self.endpoint) = (channel, endpoint)
    }

    /// Has a frame written with what else is written in this turn of the event loop.
    func write(_ frame: [UInt8]) {
        let isFirst = unwritten.withLock { bytes in
            defer { bytes += frame }
            return bytes.isEmpty
        }
        guard isFirst else { return }
        channel.eventLoop.execute { self.flush() }
    }

    private func flush() {
        let bytes = unwritten.withLock { bytes in
            defer { bytes = [] }
            return bytes
        }
        // A write that fails ends the channel, and with it every call.
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    /// Whether it has ended.
    var isClosed: Bool { closed.isSet }

    /// Its channel is gone.
    func hasClosed() { closed.set() }

    /// Ends it; whoever awaits an answer is told that it was lost.
    func close() { channel.close(promise: nil) }

    /// Connects, and speaks no word yet.
    ///
    /// - Parameters:
    ///   - endpoint: Where to.
    ///   - tls: How, where not in plain text.
    ///   - timeout: How long it may take.
    ///   - listener: Told of what comes.
    /// - Returns: The connection.
    /// - Throws: `ZooKeeperError` where nobody answers, or a file for TLS cannot be used.
    static func open(
        _ endpoint: ZooKeeperEndpoint, _ tls: TLSSettings?, timeout: Duration, listener: any ZKConnectionListener
    ) async throws(ZooKeeperError) -> ZKConnection {
        let factory = try tlsFactory(tls, endpoint)
        // A host may have several addresses, and so several channels that are tried side by side.
        let made = Mutex<[ZKConnection]>([])
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton.next())
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let factory { try channel.pipeline.syncOperations.addHandler(factory.makeHandler()) }
                    let connection = ZKConnection(channel, to: endpoint)
                    made.withLock { $0.append(connection) }
                    try channel.pipeline.syncOperations.addHandler(
                        ZKChannelHandler(connection, listener: listener))
                }
            }
        do {
            let channel = try await bootstrap.connect(host: endpoint.host, port: endpoint.port).get()
            guard let connection = made.withLock({ $0.first { $0.channel === channel } }) else {
                throw ChannelError.ioOnClosedChannel
            }
            return connection
        } catch {
            throw .connecting(endpoint, error)
        }
    }

    static func tlsFactory(
        _ tls: TLSSettings?, _ endpoint: ZooKeeperEndpoint
    ) throws(ZooKeeperError) -> TLSHandlerFactory? {
        guard let tls else { return nil }
        do { return try TLSHandlerFactory(tls, hostName: endpoint.host) } catch {
            throw ZooKeeperError(
                .untrusted, "The files for TLS cannot be used: \(error). Give PEM files that can be read.",
                effect: .didNotHappen)
        }
    }
}

extension ZooKeeperError {
    static func connecting(_ endpoint: ZooKeeperEndpoint, _ error: any Error) -> ZooKeeperError {
        ZooKeeperError(
            .unreachable,
            "Nobody answers at \(endpoint). Start the server, or give the right address.",
            effect: .didNotHappen)
    }
}
