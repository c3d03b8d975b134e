import Lockstead

extension EngineURL {
    /// The options of a scheme with TLS.
    static let optionsForTLS = ["ca", "certificate", "key", "serverName", "verify"]

    /// What those options say.
    func tls() throws(LockError) -> TLSSettings {
        var tls = TLSSettings()
        (tls.authorityFile, tls.serverName) = (option("ca"), option("serverName"))
        (tls.certificateFile, tls.privateKeyFile) = (option("certificate"), option("key"))
        let verifications: [String: TLSSettings.Verification] = ["full": .full, "trust": .trustOnly, "none": .insecure]
        tls.verification = try choice("verify", among: verifications) ?? .full
        guard (tls.certificateFile == nil) == (tls.privateKeyFile == nil) else {
            throw LockError(
                .invalidOption,
                "The URL of the \(scheme) engine has one of certificate= and key=; a certificate of ours needs both.",
                effect: .didNotHappen)
        }
        return tls
    }
}
