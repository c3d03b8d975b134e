import Lockstead

/// The file engine: nothing to start, nothing to cut.
package struct FileKind: EngineKind {
    package let name = "file"
    package let lease = Duration.seconds(3)
    package let hasNetwork = false
    package let faults = FaultID.ofClients

    package init() {}

    package func modes(of fault: FaultID) -> [FaultMode] { [FaultMode("synced")] }

    package func start(_ mode: FaultMode, in folder: String) async throws -> any EngineUnderFault {
        Running(url: "file://\(folder)/locks")
    }

    private struct Running: EngineUnderFault {
        let url: String
        let port: UInt16? = nil
    }
}
