import Testing

@testable import Lockstead
@testable import LocksteadCLI

struct GuardMachineTests {
    private static func at(_ nanoseconds: Int64) -> ContinuousTime { ContinuousTime(nanoseconds: nanoseconds) }
    private static let armed = GuardFrame.arm(Deadlines(stopAt: at(100), killAt: at(200)))
    private var machine = GuardMachine()

    @Test("An unrenewed lease: told to end once, then killed")
    mutating func unrenewed() {
        machine.receive(Self.armed)
        #expect(machine.step(at: Self.at(0)) == .wait(until: Self.at(100)))
        #expect(machine.step(at: Self.at(100)) == .terminate)
        #expect(machine.step(at: Self.at(101)) == .wait(until: Self.at(200)))
        #expect(machine.step(at: Self.at(200)) == .kill)
    }

    @Test("A guard that wakes too late for TERM kills at once")
    mutating func late() {
        machine.receive(Self.armed)
        #expect(machine.step(at: Self.at(300)) == .kill)
    }

    @Test("A renewal moves both times")
    mutating func renewal() {
        machine.receive(Self.armed)
        machine.receive(.arm(Deadlines(stopAt: Self.at(500), killAt: Self.at(600))))
        #expect(machine.step(at: Self.at(300)) == .wait(until: Self.at(500)))
    }

    @Test("A runner that is gone is avenged at once, unless it had said that all is done")
    mutating func runnerGone() {
        machine.receive(Self.armed)
        machine.runnerLeft()
        #expect(machine.step(at: Self.at(0)) == .avenge)
        machine.receive(.done)
        #expect(machine.step(at: Self.at(0)) == .leave)
    }

    @Test("Before it is armed, a guard waits for ever")
    mutating func unarmed() {
        #expect(machine.step(at: Self.at(1 << 62)) == .wait(until: .distantFuture))
    }

    @Test(
        "A frame survives its bytes",
        arguments: [
            GuardFrame.ready, .fired, .done, .arm(.never),
            .arm(Deadlines(stopAt: at(-1), killAt: at(0x0102_0304_0506_0708))),
        ])
    func coding(_ frame: GuardFrame) {
        #expect(frame.bytes.count == GuardFrame.byteCount)
        #expect(GuardFrame(bytes: frame.bytes) == frame)
    }

    @Test("Bytes that are no frame are none")
    func hostileBytes() {
        #expect(GuardFrame(bytes: []) == nil)
        #expect(GuardFrame(bytes: [UInt8](repeating: 1, count: 16)) == nil)
        #expect(GuardFrame(bytes: [UInt8](repeating: 9, count: 17)) == nil)
        #expect(GuardFrame(bytes: [0] + [UInt8](repeating: 0, count: 16)) == nil)
    }
}
