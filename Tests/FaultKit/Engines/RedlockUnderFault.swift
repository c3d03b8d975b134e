import Foundation
import Lockstead

/// Redis servers in folders of their own; the last one is reached through a relay that can make it slow.
final class RedlockUnderFault: EngineUnderFault {
    let port: UInt16? = nil
    private let nodes: [RedisUnderFault]
    private let folders: [String]
    private let relay: Relay

    init(nodes count: Int, in folder: String) async throws {
        var (nodes, folders) = ([RedisUnderFault](), [String]())
        for number in 0..<count {
            let own = "\(folder)/node-\(number)"
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            nodes.append(try await RedisUnderFault("redis-server", .always, in: own))
            folders.append(own)
        }
        (self.nodes, self.folders) = (nodes, folders)
        relay = try Relay(to: nodes[count - 1].listeningPort)
    }

    var url: String {
        let ports = nodes.dropLast().map(\.listeningPort) + [relay.port]
        return "redlock://" + ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
    }

    func kill(nodes range: Range<Int>) async throws {
        for node in nodes[range] { try await node.kill() }
    }

    func restart(nodes range: Range<Int>, empty isEmpty: Bool) async throws {
        for number in range {
            if isEmpty { try FileManager.default.removeItem(atPath: folders[number] + "/redis/appendonlydir") }
            try await nodes[number].restart()
        }
    }

    func slow(by duration: Duration) {
        let milliseconds = Int(duration / .milliseconds(1))
        relay.set { $0.delay = milliseconds...milliseconds }
    }

    func end() async {
        relay.end()
        for node in nodes { await node.end() }
    }
}
