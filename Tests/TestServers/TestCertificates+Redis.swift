extension TestCertificates {
    /// What a Redis or Valkey server is told of its certificate and of whom to trust.
    func options(_ identity: Identity) -> [String] {
        [
            "--tls-cert-file", identity.certificate, "--tls-key-file", identity.key, "--tls-ca-cert-file", authority,
        ]
    }
}
