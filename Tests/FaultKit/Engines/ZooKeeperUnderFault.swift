import Jute
import Lockstead
import TestServers

/// Three servers of one ZooKeeper ensemble.
final class ZooKeeperUnderFault: EngineUnderFault {
    static let tickMilliseconds = 200

    let port: UInt16?
    let ensemble: ZooKeeperEnsemble
    private let mode: FaultMode
    private let site: RemoteSite?

    init(_ ensemble: ZooKeeperEnsemble, _ mode: FaultMode, _ site: RemoteSite?) {
        (self.ensemble, self.mode, self.site) = (ensemble, mode, site)
        port = UInt16(exactly: ensemble.servers[0].port)
    }

    private func url(_ authority: String) -> String {
        "zookeeper://\(authority)?tickTime=\(Self.tickMilliseconds)ms&longestLease=5m"
    }

    /// Where the first server is to be cut off, by the others.
    var url: String {
        site == nil ? url(ensemble.authority) : url(ensemble.servers[1...].map(\.authority).joined(separator: ","))
    }

    func url(through port: UInt16) -> String { url("127.0.0.1:\(port)") }

    /// The first worker's only way is the server that is to be cut off.
    func url(ofWorker number: Int) -> String {
        site != nil && number == 0 ? url(ensemble.servers[0].authority) : url
    }

    /// Cuts the first server off from the others, and from nobody else, or joins them again.
    func partition(_ isCut: Bool) async throws {
        guard let site else { throw Obstacle("these servers are in one network") }
        if isCut { try await site.cut(ensemble.peerPorts) } else { try await site.heal() }
    }

    func end() async {
        ensemble.kill()
        site?.end()
    }

    /// Without the node that contenders lie under, that is made first; it is looked for by its own name, too.
    func questionAlone(for name: String) throws -> String {
        let line = try ZooKeeperLine(ensemble.servers[1])
        let queue = ZKOperation.create(path: "/" + name, data: [], access: ZNodeAccess.open, kind: .container)
        _ = try line.ask(queue)
        return name + "/_c_"
    }

    // MARK: What an operator does

    /// The sessions of those who hold a lock or wait for it, in their order.
    func sessions(of name: String) throws -> [Int64] {
        let line = try ZooKeeperLine(ensemble.servers[1])
        guard case .children(let children, _) = try line.ask(.getChildren(path: "/" + name, watch: false)).result else {
            return []
        }
        return try children.filter { $0.hasPrefix("_c_") }.sorted { $0.suffix(10) < $1.suffix(10) }.compactMap {
            child in
            guard case .stat(let stat) = try line.ask(.exists(path: "/\(name)/\(child)", watch: false)).result else {
                return nil
            }
            return stat.owner
        }
    }

    /// The nodes that are left in the queues of locks.
    func leftOver(of names: [String]) throws -> [String] {
        let line = try ZooKeeperLine(ensemble.servers[1])
        try line.ask(.sync(path: "/"))
        return try names.flatMap { name -> [String] in
            do {
                let answer = try line.ask(.getChildren(path: "/" + name, watch: false)).result
                guard case .children(let children, _) = answer else { return [] }
                return children.filter { !$0.hasPrefix("~") }.map { "\(name)/\($0)" }
            } catch let refusal as ZooKeeperLine.Refusal where refusal.code == .noNode { return [] }
        }
    }
}
