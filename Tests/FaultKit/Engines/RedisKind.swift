import Lockstead

/// One Redis or Valkey server.
package struct RedisKind: EngineKind {
    package let name: String
    package let lease = Duration.seconds(3)
    package let hasNetwork = true
    package let faults = FaultID.ofClients + [.serverKilled, .serverClock]
    private let program: String

    /// - Parameters:
    ///   - name: As on the command line.
    ///   - program: The server.
    package init(name: String = "redis", program: String = "redis-server") {
        (self.name, self.program) = (name, program)
    }

    /// What Redis keeps decides what a killed server still knows (docs/backends/redis.md): locks that it forgets are granted twice.
    package func modes(of fault: FaultID) -> [FaultMode] {
        switch fault {
        case .serverKilled:
            [
                FaultMode("nothing kept, killed", .forgets), FaultMode("snapshots, killed", .forgets),
                FaultMode("everysec, killed", .holds), FaultMode("everysec, power lost", .forgets),
                FaultMode("always, killed", .holds), FaultMode("always, power lost", .holds),
            ]
        case .serverClock:
            [FaultMode("clock +60 s", .forgets), FaultMode("clock -1 h", .holds)]
        default: [FaultMode("always")]
        }
    }

    package func start(_ mode: FaultMode, in folder: String) async throws -> any EngineUnderFault {
        let persistence = RedisPersistence(mode: mode.name)
        return try await RedisUnderFault(program, persistence, in: folder)
    }
}

/// What a server keeps.
enum RedisPersistence: Sendable {
    case nothing, snapshots, everySecond, always

    init(mode: String) {
        switch mode.prefix(while: { $0 != "," }) {
        case "nothing kept": self = .nothing
        case "snapshots": self = .snapshots
        case "everysec": self = .everySecond
        default: self = .always
        }
    }

    var arguments: [String] {
        switch self {
        case .nothing: ["--save", "", "--appendonly", "no"]
        // What Debian's package comes with.
        case .snapshots: ["--save", "3600 1 300 100 60 10000", "--appendonly", "no"]
        case .everySecond: ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
        case .always: ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        }
    }
}
