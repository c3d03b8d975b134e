import GRPCCore
import GRPCNIOTransportHTTP2
import GRPCProtobuf
import Lockstead

/// One member of the cluster, and the one connection to it that all calls share.
final class EtcdMember: Sendable {
    typealias Transport = HTTP2ClientTransport.Posix

    let endpoint: EtcdEndpoint
    private let client: GRPCClient<Transport>
    private let time: any TimeSource
    private let isStarted = OnceFlag()

    /// Connects to nothing yet.
    ///
    /// - Throws: `LockError` with the code `invalidOption` where a certificate cannot be read.
    init(_ endpoint: EtcdEndpoint, _ configuration: EtcdConfiguration, time: any TimeSource) throws(LockError) {
        (self.endpoint, self.time) = (endpoint, time)
        do {
            client = GRPCClient(transport: try Self.transport(endpoint, configuration))
        } catch {
            throw LockError(
                .invalidOption,
                "The connection to \(endpoint) cannot be set up: \(error). Look at the files of certificates and keys.",
                effect: .didNotHappen, cause: error)
        }
    }

    /// Whether this is the first time that somebody asks; whoever hears so has ``run()`` run.
    func begins() -> Bool { isStarted.set() }

    /// Keeps the connection until ``stop()``.
    func run() async {
        // It ends when it is told to, and has nothing to say then.
        try? await client.runConnections()
    }

    func stop() { client.beginGracefulShutdown() }

    /// Asks once.
    func ask<Request: EtcdRequest>(
        _ request: Request, _ metadata: Metadata, deadline: ContinuousTime
    ) async throws(EtcdError) -> Request.Answer {
        let isSent = OnceFlag()
        var options = Self.options
        options.timeout = max(time.now.duration(to: deadline), .milliseconds(1))
        let outgoing = StreamingClientRequest<Request>(metadata: metadata) { writer in
            isSent.set()
            try await writer.write(request)
        }
        do {
            return try await client.bidirectionalStreaming(
                request: outgoing, descriptor: Request.method, serializer: ProtobufSerializer<Request>(),
                deserializer: ProtobufDeserializer<Request.Answer>(), options: options
            ) { response in try await Self.only(of: response) }
        } catch {
            throw EtcdError(error, from: endpoint, isSent: isSent.isSet)
        }
    }

    /// A queue of thousands comes as one message.
    private static let largestMessage = 64 * 1_024 * 1_024

    /// The transport measures answers by what requests may have (grpc-swift-nio-transport 2), so that both are told.
    private static var options: CallOptions {
        var options = CallOptions.defaults
        (options.maxRequestMessageBytes, options.maxResponseMessageBytes) = (largestMessage, largestMessage)
        return options
    }

    /// The one message of a response, which is read to its end: what is left earlier is cancelled.
    private static func only<Answer: Sendable>(of response: StreamingClientResponse<Answer>) async throws -> Answer {
        var answer: Answer?
        for try await message in response.messages { answer = answer ?? message }
        guard let answer else { throw RPCError(code: .unavailable, message: "The member ended the call unanswered.") }
        return answer
    }
}

// MARK: Watching

extension EtcdMember {
    /// Runs one stream of watches until it ends, which it does with an error only.
    ///
    /// - Parameters:
    ///   - requests: What is asked.
    ///   - metadata: What goes with the stream.
    ///   - heard: Takes each answer; what it throws ends the stream.
    /// - Throws: What ended it.
    func watch(
        _ requests: AsyncStream<Etcdserverpb_WatchRequest>, _ metadata: Metadata,
        heard: @escaping @Sendable (Etcdserverpb_WatchResponse) throws -> Void
    ) async throws(EtcdError) {
        let outgoing = StreamingClientRequest<Etcdserverpb_WatchRequest>(metadata: metadata) { writer in
            for await request in requests { try await writer.write(request) }
        }
        do {
            try await client.bidirectionalStreaming(
                request: outgoing, descriptor: Etcdserverpb_Watch.Method.Watch.descriptor,
                serializer: ProtobufSerializer<Etcdserverpb_WatchRequest>(),
                deserializer: ProtobufDeserializer<Etcdserverpb_WatchResponse>(), options: Self.options
            ) { response in
                for try await message in response.messages { try heard(message) }
            }
        } catch let error as EtcdError {
            throw error
        } catch {
            throw EtcdError(error, from: endpoint, isSent: true)
        }
    }
}

// MARK: The transport

extension EtcdMember {
    private static func transport(_ endpoint: EtcdEndpoint, _ configuration: EtcdConfiguration) throws -> Transport {
        var config = Transport.Config.defaults
        config.backoff = .init(initial: .milliseconds(50), max: .seconds(1), multiplier: 1.6, jitter: 0.2)
        // Members end connections that ping more often than every 5 s.
        config.connection.keepalive = .init(time: .seconds(6), timeout: .seconds(4), allowWithoutCalls: false)
        config.channelDebuggingCallbacks.onCreateTCPConnection = PingResponder.install
        config.http2.authority = configuration.tls?.serverName
        return try Transport(
            target: target(endpoint), transportSecurity: configuration.tls.map(security) ?? .plaintext, config: config)
    }

    private static func target(_ endpoint: EtcdEndpoint) -> any ResolvableTarget {
        if endpoint.host.contains(":") { return .ipv6(address: endpoint.host, port: endpoint.port) }
        let isAddress = endpoint.host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
        return isAddress
            ? .ipv4(address: endpoint.host, port: endpoint.port) : .dns(host: endpoint.host, port: endpoint.port)
    }

    private static func security(_ tls: TLSSettings) -> Transport.TransportSecurity {
        .tls { config in
            config.trustRoots =
                tls.authorityFile.map { .certificates([.file(path: $0, format: .pem)]) } ?? .systemDefault
            if let certificate = tls.certificateFile, let key = tls.privateKeyFile {
                config.certificateChain = [.file(path: certificate, format: .pem)]
                config.privateKey = .file(path: key, format: .pem)
            }
            config.serverCertificateVerification =
                switch tls.verification {
                case .full: .fullVerification
                case .trustOnly: .noHostnameVerification
                case .insecure: .noVerification
                }
        }
    }
}
