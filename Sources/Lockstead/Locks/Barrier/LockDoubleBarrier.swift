public import LockCore

/// A place where a number of parties begin together and end together: none goes on before all are in, and none leaves for good before
/// all have left.
///
/// Each party holds a permit of a semaphore with as many permits as there are parties. A party that dies is missed for its lease at most:
/// before all are in another may take its place; afterwards the others leave without it. More parties than places wait for the next
/// round. Needs semaphores, inspection, changes and registers.
public struct LockDoubleBarrier: Sendable {
    let client: LockClient
    /// Its name.
    public let name: LockName
    /// How many begin together.
    public let parties: Int

    /// Comes in, and waits until all are in.
    ///
    /// Who gives up, by deadline or cancellation, gives its place back.
    ///
    /// - Parameters:
    ///   - waitingAtMost: How long to wait for all; for ever where `nil`.
    ///   - lease: How long a dead party is missed; renewed while it is in. `nil`: the client's default, 30 s unless configured.
    /// - Returns: The place, to be left with ``BarrierPlace/leave(waitingAtMost:)``.
    /// - Throws: `CancellationError`; `LockError` with `timedOut`, with `leaseLost` where the place was lost before all were in, or with
    ///   what else stands against it (``LockError/Code``).
    public func enter(waitingAtMost: Duration? = nil, lease: Duration? = nil) async throws -> BarrierPlace {
        try client.capabilities.demand([.permits, .inspect, .changes, .registers], for: "a double barrier")
        let end = try client.end(ofWaiting: waitingAtMost)
        let semaphore = LockSemaphore(client: client, name: name, permits: parties)
        let held = try await semaphore.acquire(
            waitingAtMost: client.rest(until: end), lease: lease, purpose: "double barrier")
        do {
            let round = try await client.observe(name, until: end, for: "all \(parties) parties") {
                try await self.round(of: held, until: end)
            }
            return BarrierPlace(barrier: self, held: held, round: round)
        } catch {
            // What the caller must know is why it could not stay; a release that fails leaves the place to its lease.
            try? await held.release()
            throw error
        }
    }

    /// The round that a place belongs to, once all are in; the first to see so many says so to all.
    private func round(of held: HeldLock, until end: ContinuousTime?) async throws -> BarrierRound? {
        if held.lease.state.isLost { try held.lease.ensure(atLeast: .zero) }
        while true {
            let register = try await client.loadRegister(name, until: end)
            let latest = try BarrierRound(register, of: name)
            if held.lease.token <= latest.last { return latest }
            guard let full = try await fullRound(after: latest) else { return nil }
            let write = RegisterWrite(
                .value(full.bytes), in: name, under: held.lease.token, after: register.revision)
            // Whatever came of it, somebody's round is written now.
            if case .stored = try await client.storeRegister(write), held.lease.token <= full.last { return full }
        }
    }

    /// Whether as many as there are parties are in at this moment.
    private func fullRound(after latest: BarrierRound) async throws -> BarrierRound? {
        let inside = try await tokensInside().filter { $0 > latest.last }
        guard inside.count == parties, let last = inside.max() else { return nil }
        return BarrierRound(last: last)
    }

    /// The tokens of all who are in, or have not acknowledged that they must go.
    func tokensInside() async throws(LockError) -> [FencingToken] {
        let deadline = client.time.now.advanced(by: client.configuration.callDeadline)
        let lock = try await client.backend.inspect(name, deadline: deadline)
        return lock?.holders.filter { $0.phase == .held || $0.phase == .revoked }.map(\.token) ?? []
    }
}

/// A party's place in a double barrier, from when all are in until it leaves.
///
/// Dropped without leaving, it counts as dead: its lease runs out.
public final class BarrierPlace: Sendable {
    private let barrier: LockDoubleBarrier
    private let held: HeldLock
    private let round: BarrierRound

    init(barrier: LockDoubleBarrier, held: HeldLock, round: BarrierRound) {
        (self.barrier, self.held, self.round) = (barrier, held, round)
    }

    /// The lease of the place: its token and state.
    public var lease: Lease { held.lease }

    /// Leaves, and waits until all of the round have left or are dead.
    ///
    /// The place is given back at once, whatever becomes of the wait.
    ///
    /// - Parameter waitingAtMost: How long to wait for the others; for ever where `nil`.
    /// - Throws: `CancellationError`; `LockError` with `timedOut` where others are still in, with `leaseLost` where the place had been lost
    ///   before, or with a failure of the engine.
    public func leave(waitingAtMost: Duration? = nil) async throws {
        let client = barrier.client
        let end = try client.end(ofWaiting: waitingAtMost)
        try await held.release()
        try await client.observe(barrier.name, until: end, for: "the others' leaving", concerns: { _ in true }) {
            try await barrier.tokensInside().contains { $0 <= self.round.last } ? nil : ()
        }
    }
}

/// What the register of a double barrier holds: up to which token all came in together.
struct BarrierRound: Sendable, Equatable {
    private static let kind = UInt8(ascii: "D")
    /// The highest token of the latest round that was full; everyone who is in under a lower one is of that round or before.
    var last: FencingToken

    init(last: FencingToken) { self.last = last }

    init(_ register: Register, of name: LockName) throws(LockError) {
        guard let value = register.value else {
            last = FencingToken(rawValue: 0)
            return
        }
        guard var numbers = RegisterNumbers(value, kind: Self.kind), let token = numbers.next(UInt64.self),
            numbers.isAtEnd
        else { throw .foreignRegister(name, of: "a double barrier") }
        last = FencingToken(rawValue: token)
    }

    var bytes: [UInt8] {
        var encoder = RegisterBytes(kind: Self.kind)
        encoder.append(last.rawValue)
        return encoder.bytes
    }
}

extension LockClient {
    /// A place where `parties` begin together and end together.
    ///
    /// - Parameters:
    ///   - name: Its name; use it for nothing else.
    ///   - parties: How many, 1 to 1,000; all who use it name the same.
    /// - Returns: The barrier; nothing is sent yet.
    /// - Throws: `LockError` with `invalidName` or `invalidOption`.
    public func doubleBarrier(_ name: some LockNaming, parties: Int) throws(LockError) -> LockDoubleBarrier {
        guard (1...1_000).contains(parties) else {
            throw .invalid("\(parties) parties are out of range; use 1 to 1,000.")
        }
        return LockDoubleBarrier(client: self, name: try name.lockName(), parties: parties)
    }
}
