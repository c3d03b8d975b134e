package import Foundation

/// An authority, and certificates it signed for this host, good for a day.
///
/// Made by openssl.
package struct TestCertificates: Sendable {
    package struct Identity: Sendable {
        package let certificate: String
        package let key: String
    }

    /// The file of the authority's certificate.
    package let authority: String
    package let server: Identity
    package let client: Identity

    package init(in folder: URL) throws {
        let maker = CertificateMaker(folder: folder)
        let root = try maker.authority()
        authority = root.certificate
        server = try maker.identity("server", names: "DNS:localhost,IP:127.0.0.1", by: root)
        client = try maker.identity("client", names: "DNS:client", by: root)
    }
}

private struct CertificateMaker {
    let folder: URL

    func authority() throws -> TestCertificates.Identity {
        let root = identity("authority")
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
            "-subj", "/CN=authority", "-keyout", root.key, "-out", root.certificate)
        return root
    }

    func identity(
        _ name: String, names: String, by root: TestCertificates.Identity
    ) throws -> TestCertificates.Identity {
        let made = identity(name)
        let (request, extensions) = (path(name + ".csr"), path(name + ".ext"))
        try Data("subjectAltName=\(names)\n".utf8).write(to: URL(fileURLWithPath: extensions))
        try openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
            "-keyout", made.key, "-out", request)
        try openssl(
            "x509", "-req", "-in", request, "-CA", root.certificate, "-CAkey", root.key, "-CAcreateserial", "-days",
            "1",
            "-extfile", extensions, "-out", made.certificate)
        return made
    }

    private func identity(_ name: String) -> TestCertificates.Identity {
        TestCertificates.Identity(certificate: path(name + ".pem"), key: path(name + ".key"))
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = ServerProcess.path(of: "openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ServerError("openssl \(arguments[0]) failed") }
    }
}
