/// How a member proves who it is, and how we do.
public struct EtcdTLS: Sendable, Hashable {
    /// What is checked of a member's certificate.
    public enum Verification: Sendable, Hashable {
        /// That it is trusted and names the member. The default.
        case full
        /// That it is trusted, whatever it names.
        case trustOnly
        /// Nothing: whoever is in between can read and change everything.
        case insecure
    }

    /// A PEM file of the authorities to trust; `nil` for the system's.
    public var authorityFile: String?
    /// A PEM file of our certificate, where the members ask for one.
    public var certificateFile: String?
    /// A PEM file of that certificate's private key.
    public var privateKeyFile: String?
    /// The name the certificates must bear; `nil` for each endpoint's host.
    public var serverName: String?
    /// What is checked.
    public var verification = Verification.full

    /// The system's authorities, full verification, no certificate of ours.
    public init() {}
}
