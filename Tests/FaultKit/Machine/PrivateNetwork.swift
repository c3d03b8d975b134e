import Glibc
import Lockstead
import TestProcesses

/// Packet loss in a network namespace that is ours alone, so that nobody else on the machine loses anything.
///
/// `dev/faults` makes the namespace and says so in the environment.
package enum PrivateNetwork {
    package static var isThere: Bool { getenv("LOCKSTEAD_PRIVATE_NETWORK") != nil }

    /// Loses so many packets in a hundred, in both directions, of all connections to these ports.
    package static func lose(_ percent: Int, of ports: [UInt16]) async throws {
        let list = ports.map(String.init).joined(separator: ", ")
        let loss = "numgen random mod 100 < \(percent) drop"
        try await nft(
            """
            add table inet faults; \
            add chain inet faults loss { type filter hook input priority 0; }; \
            add rule inet faults loss tcp dport { \(list) } \(loss); \
            add rule inet faults loss tcp sport { \(list) } \(loss)
            """)
    }

    /// Loses nothing any more.
    package static func heal() async throws { try await nft("delete table inet faults") }

    private static func nft(_ commands: String) async throws {
        do {
            let tool = try ChildProcess("nft", [commands])
            guard await tool.ended(within: .seconds(10)) == 0 else {
                throw Obstacle("nft refuses to lose packets here")
            }
        } catch is SystemError {
            throw Obstacle("there is no nft to lose packets with")
        }
    }
}
