import LockCore
import Testing

@testable import Lockstead

@Suite("Count-down latch: what its register holds")
struct LatchStateTests {
    @Test("its bytes give the same latch, at any count of remembered changes")
    func roundTrip() throws {
        var state = LatchState(initial: 100)
        for change in 1...50 as ClosedRange<UInt64> {
            state.countDown(1, as: change)
            #expect(LatchState(state.bytes) == state)
            #expect(state.bytes.count <= Register.maximumByteCount)
        }
        #expect(state.count == 50 && state.changes == 50 && state.latest.count == LatchState.longestMemory)
    }

    @Test("a change is known among the latest, unknown before it, and unsure once too many came after")
    func memory() {
        var state = LatchState(initial: 100)
        state.countDown(1, as: 7)
        #expect(state.contains(7, since: 0) == true)
        #expect(state.contains(8, since: 0) == false)
        for change in 100..<(100 + UInt64(LatchState.longestMemory)) { state.countDown(1, as: change) }
        #expect(state.contains(7, since: 0) == nil)
        #expect(state.contains(7, since: state.changes) == false)
    }

    @Test("it counts to zero and not below, adds above zero only, and a reset begins a round")
    func counting() {
        var state = LatchState(initial: 2)
        #expect(state.canAdd(1) && !state.canAdd(UInt32(LatchState.highestCount)))
        state.countDown(5, as: 1)
        #expect(state.count == 0 && !state.canAdd(1))
        state.reset(as: 2)
        #expect(state.count == 2 && state.round == 1)
    }

    @Test("who waits goes on when its round is over, also when it looks only after the reset")
    func rounds() {
        let wait = LatchRound()
        var state = LatchState(initial: 1)
        #expect(!wait.isOver(in: state))
        state.countDown(1, as: 1)
        state.reset(as: 2)
        #expect(wait.isOver(in: state))
        let later = LatchRound()
        #expect(!later.isOver(in: state))
        #expect(!later.isOver(in: LatchState(initial: 1)), "a forgotten latch is waited for anew")
    }

    @Test("other bytes are not taken for a latch's")
    func foreign() {
        let bytes = LatchState(initial: 3).bytes
        #expect(LatchState([]) == nil && LatchState([UInt8(ascii: "G")]) == nil)
        for length in 0..<bytes.count { #expect(LatchState(Array(bytes.prefix(length))) == nil) }
        #expect(LatchState(bytes + [1]) == nil)
    }
}
