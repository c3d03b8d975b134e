package import Lockstead
package import NIOSSL

/// Makes the TLS side of connections as the configuration says.
package struct TLSHandlerFactory: Sendable {
    private let context: NIOSSLContext
    private let serverName: String?

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - tls: What the configuration says.
    ///   - hostName: What the certificate must bear unless that says otherwise; `nil` where a server has no name.
    /// - Throws: What is wrong with a file.
    package init(_ tls: TLSSettings, hostName: String?) throws {
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
        serverName = tls.serverName ?? hostName
    }

    package func makeHandler() throws -> NIOSSLClientHandler {
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

extension Error {
    /// Whether it says that two sides do not trust or understand each other, rather than that they do not reach each other.
    package var isAboutTrust: Bool { self is NIOSSLError || self is BoringSSLError || self is NIOSSLExtraError }
}
