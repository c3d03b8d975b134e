/// Where servers run: on the loopback interface, or in another network of this machine.
package struct ServerPlace: Sendable, Hashable {
    /// The address they listen on.
    package var host = "127.0.0.1"
    /// The command that starts another one there; none for here.
    package var launcher: [String] = []

    package init(host: String = "127.0.0.1", launcher: [String] = []) { (self.host, self.launcher) = (host, launcher) }

    /// This machine alone reaches it.
    package static let loopback = ServerPlace()
}
