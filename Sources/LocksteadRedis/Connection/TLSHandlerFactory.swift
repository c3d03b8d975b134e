import Lockstead
import NIOSSL

/// Makes the TLS side of connections as the configuration says.
struct TLSHandlerFactory: Sendable {
    private let context: NIOSSLContext
    private let serverName: String?

    /// Reads the files.
    init(_ tls: TLSSettings, endpoint: RedisEndpoint) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = tls.verification.nioSSL
        if let file = tls.authorityFile { configuration.trustRoots = .file(file) }
        if let file = tls.certificateFile {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(file).map { .certificate($0) }
        }
        if let file = tls.privateKeyFile {
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: file, format: .pem))
        }
        context = try NIOSSLContext(configuration: configuration)
        serverName = tls.serverName ?? endpoint.hostName
    }

    func makeHandler() throws -> NIOSSLClientHandler {
        do {
            return try NIOSSLClientHandler(context: context, serverHostname: serverName)
        } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
            // An address is compared with the certificate, and not announced.
            return try NIOSSLClientHandler(context: context, serverHostname: nil)
        }
    }
}

extension TLSSettings.Verification {
    fileprivate var nioSSL: CertificateVerification {
        switch self {
        case .full: .fullVerification
        case .trustOnly: .noHostnameVerification
        case .insecure: .none
        }
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
