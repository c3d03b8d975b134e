import Jute
package import Lockstead
import NIOCore
import NIOPosix
import TransportSecurity

extension ZooKeeperBackend {
    /// Asks the servers of an engine about themselves, over connections of its own.
    ///
    /// - Returns: The findings, or why the ensemble could not be asked.
    package static func examine(
        _ engine: ZooKeeperEngine, context: EngineContext
    ) async -> Result<[EngineFinding], LockError> {
        let backend: ZooKeeperBackend
        do throws(LockError) { backend = try ZooKeeperBackend(engine, context: context) } catch {
            return .failure(error)
        }
        return await withTaskGroup(of: Void.self) { group in
            // How its running ends is of no matter here.
            group.addTask { try? await backend.run() }
            let findings = await backend.report().findings
            group.cancelAll()
            return .success(findings)
        }
    }

    private func report() async -> EnsembleReport {
        let deadline = time.now.advanced(by: min(engine.configuration.timeouts.call, .seconds(5)))
        var report = EnsembleReport(
            servers: await statuses(), session: .failure(.sessionOver), tickTime: engine.tickTime)
        let wanted = engine.tickTime.map { $0 * 2 } ?? .seconds(4)
        let session = sessions.examiner(asking: wanted)
        defer { session.leave() }
        do throws(ZooKeeperError) {
            report.writeTime = try await slowestWrite(session, deadline)
            report.session = .success(session.timeout)
        } catch {
            report.session = .failure(session.explained(error))
            return report
        }
        report.nestedNames = await nestedNames(deadline)
        return report
    }

    private func statuses() async -> [EnsembleReport.Server] {
        await withTaskGroup(of: (Int, EnsembleReport.Server).self) { group in
            for (index, endpoint) in engine.configuration.endpoints.enumerated() {
                group.addTask { (index, await self.status(of: endpoint)) }
            }
            let found = await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            return engine.configuration.endpoints.indices.compactMap { found[$0] }
        }
    }

    private func status(of endpoint: ZooKeeperEndpoint) async -> EnsembleReport.Server {
        var server = EnsembleReport.Server(endpoint: endpoint)
        do throws(ZooKeeperError) {
            let answer = try await WordQuestion.ask(
                "srvr", endpoint, engine.configuration.tls, timeout: engine.configuration.timeouts.connect, on: time)
            (server.isReached, server.status) = (true, ServerStatus(answer))
        } catch { server.problem = error.message }
        return server
    }

    /// The slowest of three nodes, each of which is written durably by a majority.
    private func slowestWrite(
        _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(ZooKeeperError) -> Duration {
        try await makeNode(naming.sessions, on: session, deadline)
        var slowest = Duration.zero
        for _ in 0..<3 {
            let start = time.now
            let probe = ZKOperation.create(
                path: naming.sessions + "/doctor-", data: [], access: engine.accessList, kind: .ephemeralSequential)
            _ = try await session.ask(probe, until: deadline)
            slowest = max(slowest, start.duration(to: time.now))
        }
        return slowest
    }

    private func nestedNames(_ deadline: ContinuousTime) async -> [LockName]? {
        // What cannot be listed has been told of elsewhere.
        let found = try? await withSession { (session) throws(LockError) in
            try await walk(under: "", session, deadline)
        }
        guard let names = found?.queues.keys else { return nil }
        let all = Set(names.map(\.text))
        return names.sorted().filter { name in
            name.text.indices.contains { name.text[$0] == "/" && all.contains(String(name.text[..<$0])) }
        }
    }
}

/// Asks a server one of its four-letter words: the server answers, and ends the connection.
private final class WordQuestion: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Such answers have some hundred bytes.
    private static let most = 65_536

    private var answer = ByteBuffer()
    private let whole: EventLoopPromise<String>

    private init(_ whole: EventLoopPromise<String>) { self.whole = whole }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        answer.writeBuffer(&buffer)
        if answer.readableBytes > Self.most { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        whole.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { whole.succeed(String(buffer: answer)) }

    static func ask(
        _ word: String, _ endpoint: ZooKeeperEndpoint, _ tls: TLSSettings?, timeout: Duration, on time: any TimeSource
    ) async throws(ZooKeeperError) -> String {
        let factory = try ZKConnection.tlsFactory(tls, endpoint)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let whole = loop.makePromise(of: String.self)
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let factory { try channel.pipeline.syncOperations.addHandler(factory.makeHandler()) }
                    try channel.pipeline.syncOperations.addHandler(WordQuestion(whole))
                }
            }
        do {
            let channel = try await bootstrap.connect(host: endpoint.host, port: endpoint.port).get()
            let timer = loop.scheduleTask(in: TimeAmount(timeout)) { channel.close(promise: nil) }
            defer { timer.cancel() }
            channel.writeAndFlush(ByteBuffer(string: word), promise: nil)
            return try await whole.futureResult.get()
        } catch {
            // Of a connection that was never made nobody else tells.
            whole.fail(error)
            throw .connecting(endpoint, error)
        }
    }
}
