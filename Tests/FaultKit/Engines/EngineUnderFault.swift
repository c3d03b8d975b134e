import Lockstead
package import LocksteadTesting

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
    /// What opens it for a worker that reaches it through no relay of the stage's.
    func url(ofWorker number: Int) -> String
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
    /// Moves the part of the data in which a lock lies to another server, while all run.
    func moveSlot(of name: String) async throws
    /// Has what is granted from now on in a lock's part of the data not reach the server that stands by for it.
    func detachReplica(of name: String) async throws
    /// Takes down the server of a lock, killed or stopped, and returns when another one has taken over.
    func takeDownPrimary(of name: String, isStopped: Bool) async throws
    /// Has a server that was taken down take part again.
    func bringBack() async throws
    /// Cuts the primary off from its replicas and most of what watches it, or joins them again; returns when another one has taken over.
    func partition(_ isCut: Bool) async throws
    /// The command that starts a worker, where it does not run here.
    func launcher(ofWorker number: Int) -> [String]
    /// Runs clients of a historical form of locks, on record, until the task is cancelled.
    func runNaive(_ name: String, _ recorder: HistoryRecorder) async throws
    /// Has a request for a lock need one exchange alone, and no other before.
    ///
    /// - Returns: What is in that question, and in none about anything else.
    func questionAlone(for name: String) throws -> String
    /// What the engine's own checks say of its clock, as `doctor` tells it; `nil` where nothing is amiss.
    func clockComplaint() async throws -> String?
    /// Ends it.
    func end() async
}

extension EngineUnderFault {
    package func questionAlone(for name: String) throws -> String { name }
    package func url(through port: UInt16) -> String { url }
    package func url(ofWorker number: Int) -> String { url }
    package func kill() async throws { throw Obstacle("this engine has no server to kill") }
    package func losePower() async throws { throw Obstacle("this engine has no server whose power could fail") }
    package func restart() async throws { throw Obstacle("this engine has no server to start") }
    package func setWallClock(off: Duration) async throws { throw Obstacle("this engine has no server with a clock") }
    package func stallDisk(_ stalls: Bool) async throws { throw Obstacle("this engine has no server with a disk") }
    package func moveSlot(of name: String) async throws { throw Obstacle("this engine is no cluster") }
    package func detachReplica(of name: String) async throws { throw Obstacle("this engine is no cluster") }
    package func takeDownPrimary(of name: String, isStopped: Bool) async throws {
        throw Obstacle("this engine is no cluster")
    }
    package func bringBack() async throws {}
    package func partition(_ isCut: Bool) async throws { throw Obstacle("this engine has no primary to cut off") }
    package func launcher(ofWorker number: Int) -> [String] { [] }
    package func runNaive(_ name: String, _ recorder: HistoryRecorder) async throws {
        throw Obstacle("this engine has no historical form")
    }
    package func clockComplaint() async throws -> String? { nil }
    package func end() async {}
}
