import Foundation
import Lockstead
import TestProcesses
import TestServers

/// A second network on this machine, joined to ours by a cable that can be cut without either side being told.
///
/// Only in a network namespace that is ours alone, which `dev/faults` makes.
final class RemoteSite: Sendable {
    /// Our end of the cable.
    let near = ServerPlace(host: "10.77.0.1")
    /// The other one.
    let far: ServerPlace
    /// Keeps the other network there.
    private let keeper: ChildProcess

    init() async throws {
        guard PrivateNetwork.isThere else {
            throw Obstacle("without a network namespace of its own the run cannot be partitioned")
        }
        keeper = try ChildProcess("unshare", ["--net", "sleep", "infinity"])
        let pid = "\(keeper.processID)"
        far = ServerPlace(host: "10.77.0.2", launcher: ["nsenter", "-t", pid, "-n"])
        try await awaitNetwork()
        try await Self.removeOld()
        let steps = [
            "ip link add near type veth peer name far netns \(pid)", "ip addr add 10.77.0.1/24 dev near",
            "ip link set near up", "nsenter -t \(pid) -n ip addr add 10.77.0.2/24 dev far",
            "nsenter -t \(pid) -n ip link set far up", "nsenter -t \(pid) -n ip link set lo up",
        ]
        for step in steps { try await Self.run(step.split(separator: " ").map(String.init)) }
    }

    /// The cable of an earlier run goes with its network, but not at once.
    private static func removeOld() async throws {
        let devices = FileManager.default.contents(atPath: "/proc/net/dev") ?? Data()
        guard String(decoding: devices, as: UTF8.self).contains(" near:") else { return }
        // It may have gone meanwhile.
        try? await run(["ip", "link", "del", "near"])
    }

    private func awaitNetwork() async throws {
        let time = SystemTimeSource()
        let deadline = time.now.advanced(by: .seconds(5))
        while time.now < deadline {
            let links = ["self", "\(keeper.processID)"].map {
                // Not there yet.
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/ns/net")
            }
            if let theirs = links[1], theirs != links[0] { return }
            try await time.sleep(until: time.now.advanced(by: .milliseconds(5)))
        }
        throw Obstacle("no second network namespace can be made here")
    }

    /// Loses every packet between the two.
    func cut() async throws {
        try await Self.run([
            "nft",
            """
            add table inet site; \
            add chain inet site incoming { type filter hook input priority 0; }; \
            add chain inet site outgoing { type filter hook output priority 0; }; \
            add rule inet site incoming iifname near drop; \
            add rule inet site outgoing oifname near drop
            """,
        ])
    }

    /// Loses every packet between the two that goes to one of these ports, or comes from one.
    func cut(_ ports: [Int]) async throws {
        let list = ports.map(String.init).joined(separator: ", ")
        let ends = ["dport", "sport"].map { "add rule inet site incoming iifname near tcp \($0) { \(list) } drop" }
        let out = ["dport", "sport"].map { "add rule inet site outgoing oifname near tcp \($0) { \(list) } drop" }
        let chains = [
            "add table inet site", "add chain inet site incoming { type filter hook input priority 0; }",
            "add chain inet site outgoing { type filter hook output priority 0; }",
        ]
        try await Self.run(["nft", (chains + ends + out).joined(separator: "; ")])
    }

    func heal() async throws { try await Self.run(["nft", "delete table inet site"]) }

    func end() { keeper.destroy() }

    private static func run(_ words: [String]) async throws {
        let tool = try ChildProcess(words[0], Array(words.dropFirst()))
        guard await tool.ended(within: .seconds(10)) == 0 else {
            throw Obstacle("\(words.joined(separator: " ")) does not work here")
        }
    }
}
