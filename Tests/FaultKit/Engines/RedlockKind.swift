import Lockstead

/// Five Redis servers that know nothing of each other, under one Redlock engine.
package struct RedlockKind: EngineKind {
    package let name = "redlock"
    package let lease = Duration.seconds(3)
    // Each client has connections to all nodes, which no single relay carries.
    package let hasNetwork = false
    package let faults: [FaultID] = [.clientPaused, .clientKilled, .clientClock, .redlockNodes]

    package init() {}

    /// Nodes keep what they granted (docs/backends/redlock.md), but for the one that is started empty.
    package func modes(of fault: FaultID) -> [FaultMode] {
        guard fault == .redlockNodes else { return [FaultMode("always")] }
        return RedlockNodes.Mode.allCases.map { FaultMode($0.rawValue) }
    }

    package func start(_ mode: FaultMode, in folder: String) async throws -> any EngineUnderFault {
        try await RedlockUnderFault(nodes: 5, in: folder)
    }
}
