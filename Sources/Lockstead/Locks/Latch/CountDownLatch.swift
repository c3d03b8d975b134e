public import LockCore

/// A count that participants anywhere count down to zero, and that others wait for: a count-down latch, or with ``add(_:waitingAtMost:)``
/// a wait group.
///
/// The count lives in the engine, not in a participant: one that dies has counted or has not, and takes nothing back. Whoever may die
/// before it counts leaves the latch closed; so wait with a deadline. Every change happens at most once, also where its answer was lost.
///
/// Needs registers, and changes to wait.
public struct CountDownLatch: Sendable {
    let client: LockClient
    /// Its name.
    public let name: LockName
    /// The count it starts with; all who name the latch must name the same.
    public let initialCount: Int
    /// How long it is remembered after its last change.
    let keptFor: Duration?

    /// How many are still to count down.
    ///
    /// - Returns: The count at some moment of the call.
    /// - Throws: `LockError`: `unsupported`, `kindMismatch` where the name holds something else, or a failure of the engine.
    public func count() async throws -> Int {
        try client.capabilities.demand(.registers, for: "a latch")
        try await client.awaitRunning(until: nil)
        return Int(try state(of: try await client.loadRegister(name)).count)
    }

    /// Counts down, to zero at the lowest; at zero the latch is open, and all who wait go on.
    ///
    /// Takes the lock of the latch's name for a moment. Happens once, also where an answer is lost on the way: what the engine did is
    /// looked up before it is tried again.
    ///
    /// - Parameters:
    ///   - step: By how many, one or more.
    ///   - waitingAtMost: How long to wait for others who count; for ever where `nil`.
    /// - Returns: The count after it.
    /// - Throws: `CancellationError`, and then it did not happen; `LockError` with `timedOut`, or with `indeterminate` where it may have
    ///   happened; what else stands against it (``LockError/Code``).
    @discardableResult
    public func countDown(_ step: Int = 1, waitingAtMost: Duration? = nil) async throws -> Int {
        let step = try checked(step)
        return try await change("countDown", waitingAtMost) { state, change in
            state.countDown(step, as: change)
            return true
        }.count
    }

    /// Adds to the count while the latch is closed; an open one stays open.
    ///
    /// - Parameters:
    ///   - step: How many, one or more.
    ///   - waitingAtMost: How long to wait for others who count; for ever where `nil`.
    /// - Returns: The count after it, or `nil` where the latch is open already and nothing was added.
    /// - Throws: As ``countDown(_:waitingAtMost:)``; `limitExceeded` beyond a count of 1,000,000,000.
    public func add(_ step: Int = 1, waitingAtMost: Duration? = nil) async throws -> Int? {
        let step = try checked(step)
        let outcome = try await change("add", waitingAtMost) { state, change throws(LockError) in
            guard state.count > 0 else { return false }
            guard state.canAdd(step) else { throw Self.countTooHigh }
            state.add(step, as: change)
            return true
        }
        return outcome.isDone ? outcome.count : nil
    }

    /// Closes an open latch again, with the count it started with; a closed one is left alone.
    ///
    /// Who waited for the former round goes on, even one that comes to look only now.
    ///
    /// - Parameter waitingAtMost: How long to wait for others who count; for ever where `nil`.
    /// - Returns: The count after it.
    /// - Throws: As ``countDown(_:waitingAtMost:)``.
    @discardableResult
    public func reset(waitingAtMost: Duration? = nil) async throws -> Int {
        try await change("reset", waitingAtMost) { state, change in
            guard state.count == 0 else { return false }
            state.reset(as: change)
            return true
        }.count
    }

    /// Waits until the latch is open.
    ///
    /// It is woken by the engine; should a wake-up be lost, it looks again within a second.
    ///
    /// - Parameter waitingAtMost: How long; for ever where `nil`.
    /// - Throws: `CancellationError`; `LockError` with `timedOut`, `shutDown`, `unsupported`, or a lasting failure of the engine.
    public func wait(waitingAtMost: Duration? = nil) async throws {
        try client.capabilities.demand([.registers, .changes], for: "waiting for a latch")
        let end = try client.end(ofWaiting: waitingAtMost)
        let round = LatchRound()
        let answered = client.end(ofLooking: end, waitingAtMost: waitingAtMost)
        try await client.observe(name, until: end, for: "the opening") {
            round.isOver(in: try state(of: try await client.loadRegister(name, until: answered))) ? () : nil
        }
    }
}

extension CountDownLatch {
    private struct Outcome: Sendable {
        var count: Int
        /// Whether there was anything to do.
        var isDone: Bool
    }

    private func change(
        _ purpose: String, _ waitingAtMost: Duration?,
        _ body: @escaping @Sendable (inout LatchState, UInt64) throws(LockError) -> Bool
    ) async throws -> Outcome {
        try client.capabilities.demand(.registers, for: "a latch")
        let end = try client.end(ofWaiting: waitingAtMost)
        let own = LatchChange(UInt64.random(in: 1...(.max)))
        return try await client.edit(name, until: end, purpose: "latch: \(purpose)") { register throws(LockError) in
            var state = try self.state(of: register)
            switch state.contains(own.id, since: own.known(state.changes)) {
            case true?: return .leave(Outcome(count: Int(state.count), isDone: true))
            case nil: throw Self.forgotten(name)
            case false?: break
            }
            let isDone = try body(&state, own.id)
            let outcome = Outcome(count: Int(state.count), isDone: isDone)
            return isDone ? .write(.value(state.bytes, keptFor: keptFor), outcome) : .leave(outcome)
        }
    }

    private func state(of register: Register) throws(LockError) -> LatchState {
        guard let value = register.value else { return LatchState(initial: UInt32(initialCount)) }
        guard let state = LatchState(value) else { throw .foreignRegister(name, of: "a latch") }
        guard Int(state.initial) == initialCount else {
            throw LockError(
                .kindMismatch,
                "The latch \"\(name)\" began with \(state.initial), not \(initialCount). Name the same count, or another latch.",
                effect: .didNotHappen)
        }
        return state
    }

    private func checked(_ step: Int) throws(LockError) -> UInt32 {
        guard (1...LatchState.highestCount).contains(step) else {
            throw .invalid("A step of \(step) is out of range; use 1 to \(LatchState.highestCount).")
        }
        return UInt32(step)
    }

    private static let countTooHigh = LockError(
        .limitExceeded, "A latch counts to \(LatchState.highestCount) at most.", effect: .didNotHappen)

    private static func forgotten(_ name: LockName) -> LockError {
        LockError(
            .indeterminate,
            "Whether this change of the latch \"\(name)\" happened is unknown: its answer was lost, and many others came since. Look at the count.",
            effect: .mayHaveHappened)
    }
}
