import Testing

@testable import LockCore

@Suite("SessionKeeper")
struct SessionKeeperTests {
    private static let id = SessionID(high: 0, low: 1)
    private var keeper = SessionKeeper()
    private var effects: [SessionKeeper.Effect] = []

    private static func view(generation: UInt64 = 0) -> SessionView {
        SessionView(
            id: id, identity: "", generation: generation, timeToLive: .seconds(10), grantCount: 0, waiterCount: 0)
    }

    private static func at(_ seconds: Int64) -> ContinuousTime { ContinuousTime(nanoseconds: seconds * 1_000_000_000) }

    private static func ticket(_ number: UInt64) -> SessionKeeper.Ticket { .init(session: id, number: number) }

    private mutating func lead() { keeper.barrierApplied([Self.view()], at: Self.at(0)) }

    private mutating func beat(_ number: UInt64, at seconds: Int64) {
        keeper.heartbeatArrived(Self.ticket(number), at: Self.at(seconds), effects: &effects)
    }

    /// The number of a round that begins now.
    private mutating func started() throws -> UInt64 {
        let number = keeper.roundStarted()
        return try #require(number)
    }

    private mutating func round(at seconds: Int64) throws {
        let number = try started()
        keeper.roundConfirmed(number, at: Self.at(seconds), effects: &effects)
    }

    @Test("a heartbeat moves the deadline when it arrives, and is confirmed by a round that starts later (RULES 22a)")
    mutating func arrivalCounts() throws {
        lead()
        beat(1, at: 9)
        keeper.timeAdvanced(to: Self.at(18), effects: &effects)
        #expect(effects.isEmpty)
        let earlier = try started()
        beat(2, at: 18)
        keeper.roundConfirmed(earlier, at: Self.at(18), effects: &effects)
        #expect(effects == [.confirm(Self.ticket(1))])
        try round(at: 18)
        #expect(effects == [.confirm(Self.ticket(1)), .confirm(Self.ticket(2))])
    }

    @Test("heartbeats beside an expiry in the log wait for its outcome (RULES 22b)")
    mutating func parked() throws {
        lead()
        keeper.timeAdvanced(to: Self.at(10), effects: &effects)
        #expect(effects == [.expire(Self.id, generation: 0)])
        beat(1, at: 10)
        try round(at: 10)
        #expect(effects.count == 1)
        keeper.ended(Self.id, effects: &effects)
        #expect(effects.last == .lost(Self.ticket(1)))
    }

    @Test("an expiry that found the session renewed lets it live on, and its heartbeats be confirmed (S4)")
    mutating func refusedExpiry() throws {
        lead()
        keeper.timeAdvanced(to: Self.at(10), effects: &effects)
        beat(1, at: 10)
        try round(at: 10)
        keeper.renewed(Self.view(generation: 1), at: Self.at(11))
        try round(at: 11)
        #expect(effects.last == .confirm(Self.ticket(1)))
        keeper.timeAdvanced(to: Self.at(20), effects: &effects)
        #expect(effects.count == 2)
        keeper.timeAdvanced(to: Self.at(21), effects: &effects)
        #expect(effects.last == .expire(Self.id, generation: 1))
    }

    @Test("before its barrier a new leader confirms and expires nothing, then everyone has a full TTL (RULES 22c, S3)")
    mutating func barrier() {
        beat(1, at: 0)
        #expect(effects == [.unknown(Self.ticket(1))])
        keeper.timeAdvanced(to: Self.at(100), effects: &effects)
        #expect(effects.count == 1 && keeper.nextDue == nil)
        keeper.barrierApplied([Self.view()], at: Self.at(100))
        keeper.timeAdvanced(to: Self.at(109), effects: &effects)
        #expect(effects.count == 1 && keeper.nextDue == Self.at(110))
    }

    @Test("a leader that is none any more says that it does not know")
    mutating func deposed() throws {
        lead()
        beat(1, at: 1)
        let number = try started()
        beat(2, at: 1)
        keeper.deposed(effects: &effects)
        #expect(effects == [.unknown(Self.ticket(1)), .unknown(Self.ticket(2))])
        keeper.roundConfirmed(number, at: Self.at(2), effects: &effects)
        beat(3, at: 2)
        #expect(effects.last == .unknown(Self.ticket(3)) && effects.count == 3)
    }

    @Test("after a pause of the leader every session has its full TTL before anyone expires")
    mutating func pausedLeader() {
        lead()
        keeper.paused(at: Self.at(30))
        keeper.timeAdvanced(to: Self.at(39), effects: &effects)
        #expect(effects.isEmpty)
        keeper.timeAdvanced(to: Self.at(40), effects: &effects)
        #expect(effects == [.expire(Self.id, generation: 0)])
    }

    @Test("a heartbeat of a session that is gone is told so after a round, as a deposed leader cannot know it (S8)")
    mutating func unknownSession() throws {
        lead()
        keeper.ended(Self.id, effects: &effects)
        beat(1, at: 1)
        #expect(effects.isEmpty)
        try round(at: 1)
        #expect(effects == [.lost(Self.ticket(1))])
    }
}
