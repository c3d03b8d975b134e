public import LockCore

/// A gate: while it is closed, all who come wait; once it is opened, all go through.
///
/// The gate stands in the engine. It stays closed when whoever closed it dies, unless it was closed for a time only; anyone may open
/// it. Needs registers, and changes to wait.
public struct LockBarrier: Sendable {
    let client: LockClient
    /// Its name.
    public let name: LockName
    private static let closed: [UInt8] = [UInt8(ascii: "G")]

    /// Closes the gate; a closed one stays closed, from now on for the time given here.
    ///
    /// - Parameters:
    ///   - keptFor: After how long it opens by itself; `nil`, the default: not until it is opened.
    ///   - waitingAtMost: How long to wait for others who open or close it; for ever where `nil`.
    /// - Throws: `CancellationError`; `LockError` with `timedOut`, with `indeterminate` where it may have happened (closing again is
    ///   harmless), or with what else stands against it.
    public func close(keptFor: Duration? = nil, waitingAtMost: Duration? = nil) async throws {
        try LockClient.check(keptFor: keptFor)
        try await change(waitingAtMost) { _ in .write(.value(Self.closed, keptFor: keptFor), ()) }
    }

    /// Opens the gate; all who wait go through.
    ///
    /// - Parameter waitingAtMost: How long to wait for others who open or close it; for ever where `nil`.
    /// - Throws: As ``close(keptFor:waitingAtMost:)``; opening again is harmless.
    public func open(waitingAtMost: Duration? = nil) async throws {
        try await change(waitingAtMost) { register in
            register.value == nil ? .leave(()) : .write(.nothing, ())
        }
    }

    /// Whether the gate is closed.
    ///
    /// - Returns: How it stood at some moment of the call.
    /// - Throws: `LockError`: `unsupported`, `kindMismatch` where the name holds something else, or a failure of the engine.
    public func isClosed() async throws -> Bool {
        try client.capabilities.demand(.registers, for: "a barrier")
        try await client.awaitRunning(until: nil)
        return try isClosed(in: try await client.loadRegister(name))
    }

    /// Waits until the gate is open; returns at once where it is.
    ///
    /// Who comes while it is closed goes on once it is seen open: one that is opened and closed again at once may hold some back.
    /// Should a wake-up be lost, it looks again within a second.
    ///
    /// - Parameter waitingAtMost: How long; for ever where `nil`.
    /// - Throws: `CancellationError`; `LockError` with `timedOut`, `shutDown`, `unsupported`, or a lasting failure of the engine.
    public func wait(waitingAtMost: Duration? = nil) async throws {
        try client.capabilities.demand([.registers, .changes], for: "waiting at a barrier")
        let end = try client.end(ofWaiting: waitingAtMost)
        let answered = client.end(ofLooking: end, waitingAtMost: waitingAtMost)
        try await client.observe(name, until: end, for: "the opening") {
            try isClosed(in: try await client.loadRegister(name, until: answered)) ? nil : ()
        }
    }

    private func change(
        _ waitingAtMost: Duration?, _ body: @escaping @Sendable (Register) -> RegisterEdit<Void>
    ) async throws {
        try client.capabilities.demand(.registers, for: "a barrier")
        let end = try client.end(ofWaiting: waitingAtMost)
        try await client.edit(name, until: end, purpose: "barrier") { register throws(LockError) in
            _ = try isClosed(in: register)
            return body(register)
        }
    }

    private func isClosed(in register: Register) throws(LockError) -> Bool {
        guard let value = register.value else { return false }
        guard value == Self.closed else { throw .foreignRegister(name, of: "a barrier") }
        return true
    }
}

extension LockClient {
    /// A gate that holds all back while it is closed.
    ///
    /// A gate is open until it is first closed. The lock of the same name is taken for a moment by each opening and closing; use the
    /// name for nothing else.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The gate; nothing is sent yet.
    /// - Throws: `LockError` with `invalidName`.
    public func barrier(_ name: some LockNaming) throws(LockError) -> LockBarrier {
        LockBarrier(client: self, name: try name.lockName())
    }
}
