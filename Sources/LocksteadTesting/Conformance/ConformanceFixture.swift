public import Lockstead

/// An engine as the conformance suite meets it: write one for your own `LockBackend`, and run every case of ``ConformanceSuite``.
public protocol ConformanceFixture: Sendable {
    /// The engine's name, as in its capabilities.
    var engine: String { get }

    /// A lease that a case can wait for to run out, and that a loaded machine still renews in time; ignored where nothing runs out.
    var lease: Duration { get }

    /// What a loaded machine may add to any bound on time that the suite checks.
    var slack: Duration { get }

    /// Makes a store that nobody else uses, without locks.
    ///
    /// - Returns: The store; the case closes it.
    /// - Throws: What kept the store from being made.
    func makeStore() async throws -> any ConformanceStore
}

extension ConformanceFixture {
    /// Two seconds.
    public var lease: Duration { .seconds(2) }
    /// Half a second, for two cores that run other tests beside this one.
    public var slack: Duration { .milliseconds(500) }
}

/// One set of locks, which several clients share.
public protocol ConformanceStore: Sendable {
    /// Makes one more client of this store; the case runs it.
    ///
    /// - Returns: The client.
    /// - Throws: What kept it from being made.
    func makeBackend() async throws -> any LockBackend

    /// Starts a process of its own that takes a lock of this store, holds it, and renews it.
    ///
    /// Only called where the engine declares `betweenProcesses`.
    /// - Parameters:
    ///   - name: Which lock, exclusively.
    ///   - lease: The lease.
    /// - Returns: The holder, which has the lock.
    /// - Throws: What kept it from taking the lock.
    func spawnHolder(of name: LockName, lease: Duration) async throws -> any ConformanceHolder

    /// Removes the store and ends the processes that it started.
    func close() async
}

/// A lock held by a process of its own, to which bad things are done.
public protocol ConformanceHolder: Sendable {
    /// The token of its grant.
    var token: FencingToken { get }

    /// Kills the process (SIGKILL).
    ///
    /// - Throws: What kept the signal from being sent.
    func kill() async throws

    /// Stops the process (SIGSTOP).
    ///
    /// - Throws: What kept the signal from being sent.
    func pause() async throws

    /// Lets a stopped process go on (SIGCONT).
    ///
    /// - Throws: What kept the signal from being sent.
    func resume() async throws

    /// Cuts the process off from the engine: from now on no call of its comes through.
    ///
    /// - Throws: What kept the process from being told.
    func cut() async throws

    /// Ends the cut.
    ///
    /// - Throws: What kept the process from being told.
    func mend() async throws

    /// Whether the process says that it holds the lock.
    ///
    /// - Returns: What its lease says now.
    /// - Throws: Where the process does not answer.
    func isHeld() async throws -> Bool

    /// Until when the process believes that it holds the lock if it hears nothing more, or heard when it was lost.
    ///
    /// - Returns: The end of its lease's validity, on this host's continuous clock; `nil` where it cannot run out.
    /// - Throws: Where the process does not answer.
    func believesUntil() async throws -> ContinuousTime?

    /// Lets the process give the lock back.
    ///
    /// - Throws: Where the process does not answer.
    func release() async throws

    /// Waits until the process says that its lease is lost.
    ///
    /// - Returns: When it noticed, on this host's continuous clock.
    /// - Throws: Where the process ends without saying so.
    func waitForLoss() async throws -> ContinuousTime
}
