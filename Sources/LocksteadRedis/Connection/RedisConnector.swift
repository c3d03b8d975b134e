import Lockstead
import NIOCore
import NIOPosix
import NIOSSL
import RESP

/// Makes connections to one server.
struct RedisConnector: Sendable {
    let endpoint: RedisEndpoint
    let configuration: RedisConfiguration
    let time: any TimeSource
    let group: any EventLoopGroup

    /// Connects and logs in.
    ///
    /// - Parameter session: Makes what the connection is used for; called on its event loop.
    /// - Returns: The connection, logged in.
    /// - Throws: `RedisError`, with the effect `didNotHappen`.
    func connect<Session: ChannelSession>(
        _ session: @escaping @Sendable () -> Session
    ) async throws(RedisError) -> (channel: any Channel, session: NIOLoopBound<Session>, greeting: RedisGreeting) {
        let loop = group.next()
        let attempt = ConnectAttempt()
        let tls = try tlsContext()
        let greeted = loop.makePromise(of: RedisGreeting.self)
        let made = loop.makePromise(of: NIOLoopBound<Session>.self)
        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .connectTimeout(TimeAmount(configuration.timeouts.connect))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try attempt.began(channel)
                    let session = session()
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.makeHandler()) }
                    try channel.pipeline.syncOperations.addHandler(
                        RedisChannelHandler(handlerSettings, session: session, greeted: greeted))
                    made.succeed(NIOLoopBound(session, eventLoop: channel.eventLoop))
                }
            }
        do {
            return try await withTaskCancellationHandler {
                let channel = try await open(bootstrap)
                let greeting = try await greeted.futureResult.get()
                return (channel, try await made.futureResult.get(), greeting)
            } onCancel: {
                attempt.cancel()
            }
        } catch {
            // Where the channel never came to life, nobody else completes them.
            greeted.fail(error)
            made.fail(error)
            throw RedisError.connecting(endpoint, error).with(effect: .didNotHappen)
        }
    }

    private func open(_ bootstrap: ClientBootstrap) async throws -> any Channel {
        switch endpoint {
        case .host(let name, let port): try await bootstrap.connect(host: name, port: port).get()
        case .unixSocket(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
        }
    }

    private func tlsContext() throws(RedisError) -> TLSHandlerFactory? {
        guard let tls = configuration.tls else { return nil }
        do {
            return try TLSHandlerFactory(tls, endpoint: endpoint)
        } catch {
            throw RedisError.tlsFailed(endpoint, error)
        }
    }

    private var handlerSettings: RedisChannelHandler.Settings {
        RedisChannelHandler.Settings(
            endpoint: endpoint, isTLS: configuration.tls != nil,
            handshake: HandshakeMachine.Settings(
                user: configuration.user, password: configuration.password, clientName: configuration.clientName,
                database: configuration.database, version: configuration.protocolVersion),
            limits: RESPLimits(
                lineBytes: RESPLimits.standard.lineBytes, replyBytes: configuration.limits.replyBytes,
                depth: configuration.limits.replyDepth),
            timeouts: configuration.timeouts, time: time)
    }
}
