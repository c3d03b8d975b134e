import Lockstead

/// An engine that faults are brought to: how to start it for one run, and what is expected of it.
package protocol EngineKind: Sendable {
    /// As on the command line.
    var name: String { get }
    /// Whether its clients reach it through a network.
    var hasNetwork: Bool { get }
    /// The lease that workers ask for unless told otherwise.
    var lease: Duration { get }
    /// What can happen to it; what of that this machine cannot bring is skipped.
    var faults: [FaultID] { get }
    /// The settings to try a fault under; one, for most.
    func modes(of fault: FaultID) -> [FaultMode]
    /// Starts what the engine needs.
    ///
    /// - Throws: `Obstacle` where this machine cannot.
    func start(_ mode: FaultMode, in folder: String) async throws -> any EngineUnderFault
}

extension FaultID {
    /// What can happen to a client, whatever its engine.
    package static let ofClients: [FaultID] = [
        .clientPaused, .clientKilled, .clientCutOff, .clientClock, .answerLost, .badNetwork,
    ]
}

/// One setting of an engine, and what a fault is expected to do to it.
package struct FaultMode: Sendable, Hashable {
    /// As in reports.
    package var name: String
    package var expectation: Expectation

    package init(_ name: String, _ expectation: Expectation = .holds) {
        (self.name, self.expectation) = (name, expectation)
    }
}

/// An engine that runs.
package protocol EngineUnderFault: Sendable {
    /// What opens it.
    var url: String { get }
    /// Where its server listens; `nil` where it has none.
    var port: UInt16? { get }
    /// What opens it through a relay.
    func url(through port: UInt16) -> String
    /// Kills the server without warning.
    func kill() async throws
    /// Takes what a loss of power takes: all that was not synced. The server is dead.
    func losePower() async throws
    /// Starts the server again, with what it has kept, and returns when it answers.
    func restart() async throws
    /// Moves the server's wall clock.
    func setWallClock(off duration: Duration) async throws
    /// Has the server's disk stall, or go on.
    func stallDisk(_ stalls: Bool) async throws
    /// What the engine's own checks say of its clock, as `doctor` tells it; `nil` where nothing is amiss.
    func clockComplaint() async throws -> String?
    /// Ends it.
    func end() async
}

extension EngineUnderFault {
    package func url(through port: UInt16) -> String { url }
    package func kill() async throws { throw Obstacle("this engine has no server to kill") }
    package func losePower() async throws { throw Obstacle("this engine has no server whose power could fail") }
    package func restart() async throws { throw Obstacle("this engine has no server to start") }
    package func setWallClock(off: Duration) async throws { throw Obstacle("this engine has no server with a clock") }
    package func stallDisk(_ stalls: Bool) async throws { throw Obstacle("this engine has no server with a disk") }
    package func clockComplaint() async throws -> String? { nil }
    package func end() async {}
}
