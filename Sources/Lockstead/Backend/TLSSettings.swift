/// How a server that an engine connects to proves who it is, and how we do.
public struct TLSSettings: Sendable, Hashable {
    /// What is checked of the server's certificate.
    public enum Verification: Sendable, Hashable {
        /// That it is trusted and names the server. The default.
        case full
        /// That it is trusted, whatever it names.
        case trustOnly
        /// Nothing: whoever is in between can read and change everything.
        case insecure
    }

    /// A PEM file of the authorities to trust; `nil` for the system's.
    public var authorityFile: String?
    /// A PEM file of our certificate, where the server asks for one.
    public var certificateFile: String?
    /// A PEM file of that certificate's private key.
    public var privateKeyFile: String?
    /// The name the certificate must bear, unless it bears the address that is connected to; `nil` for the endpoint's host.
    public var serverName: String?
    /// What is checked.
    public var verification = Verification.full

    /// The system's authorities, full verification, no certificate of ours.
    public init() {}
}
