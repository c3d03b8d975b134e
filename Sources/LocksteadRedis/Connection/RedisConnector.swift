import Lockstead
import NIOCore
import NIOPosix
import NIOSSL
import RESP
import TransportSecurity

/// A connection that is logged in.
struct OpenChannel<Session: ChannelSession>: Sendable {
    let channel: any Channel
    let session: NIOLoopBound<Session>
    let greeting: RedisGreeting
}

/// Makes connections to one server.
struct RedisConnector: Sendable {
    let endpoint: RedisEndpoint
    let configuration: RedisConfiguration
    let time: any TimeSource
    let group: any EventLoopGroup

    /// Connects and logs in, and takes a failure as it comes.
    func connectOnce<Session: ChannelSession>(
        _ session: @escaping @Sendable () -> Session
    ) async throws(RedisError) -> OpenChannel<Session> {
        let attempt = ConnectAttempt<Session>()
        let end = time.now.advanced(by: configuration.timeouts.connect)
        let bootstrap = try bootstrap(attempt, until: end, session)
        do {
            return try await withTaskCancellationHandler {
                let channel = try await open(bootstrap)
                guard let candidate = attempt.candidate(of: channel) else { throw ChannelError.ioOnClosedChannel }
                let greeting = try await candidate.greeted.get()
                return OpenChannel(channel: channel, session: candidate.session, greeting: greeting)
            } onCancel: {
                attempt.cancel()
            }
        } catch {
            throw RedisError.connecting(endpoint, error).with(effect: .didNotHappen)
        }
    }

    private func bootstrap<Session: ChannelSession>(
        _ attempt: ConnectAttempt<Session>, until end: ContinuousTime, _ session: @escaping @Sendable () -> Session
    ) throws(RedisError) -> ClientBootstrap {
        let tls = try tlsContext()
        return ClientBootstrap(group: group.next())
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .connectTimeout(TimeAmount(configuration.timeouts.connect))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.makeHandler()) }
                    let session = session()
                    let greeted = channel.eventLoop.makePromise(of: RedisGreeting.self)
                    let settings = handlerSettings(until: end)
                    let handler = RedisChannelHandler(settings, session: session, greeted: greeted)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    try attempt.began(
                        ConnectAttempt.Candidate(
                            channel: channel, session: NIOLoopBound(session, eventLoop: channel.eventLoop),
                            greeted: greeted.futureResult))
                }
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
            return try TLSHandlerFactory(tls, hostName: endpoint.hostName)
        } catch {
            throw RedisError.tlsFailed(endpoint, error)
        }
    }

    private func handlerSettings(until end: ContinuousTime) -> RedisChannelHandler.Settings {
        RedisChannelHandler.Settings(
            endpoint: endpoint, isTLS: configuration.tls != nil,
            handshake: HandshakeMachine.Settings(
                user: configuration.user, password: configuration.password, clientName: configuration.clientName,
                database: configuration.database, version: configuration.protocolVersion),
            limits: RESPLimits(
                lineBytes: RESPLimits.standard.lineBytes, replyBytes: configuration.limits.replyBytes,
                depth: configuration.limits.replyDepth),
            timeouts: configuration.timeouts, loginEnd: end, time: time)
    }
}

extension RedisEndpoint {
    fileprivate var hostName: String? {
        switch self {
        case .host(let name, _): name
        case .unixSocket: nil
        }
    }
}
