import Lockstead
import Testing

@testable import LocksteadEtcd

@Suite("A session's lease, as far as the client knows")
struct SessionMachineTests {
    private func at(_ seconds: Int64) -> ContinuousTime { ContinuousTime(nanoseconds: seconds * 1_000_000_000) }

    @Test("It counts from the sending of the last sign of life that was answered, and never back")
    func counting() {
        var machine = SessionMachine(span: .seconds(30), armedAt: at(100))
        #expect(machine.isUsable(at: at(129)) && !machine.isUsable(at: at(130)))
        #expect(machine.refreshDue == at(110))
        machine.keptAlive(sent: at(112))
        machine.keptAlive(sent: at(105))
        #expect(machine.armedAt == at(112) && machine.isUsable(at: at(141)))
    }

    @Test("What the cluster does not know any more never comes back")
    func ending() {
        var machine = SessionMachine(span: .seconds(30), armedAt: at(100))
        machine.ended()
        machine.keptAlive(sent: at(101))
        #expect(machine.isGone && machine.armedAt == at(100) && !machine.isUsable(at: at(101)))
    }

    @Test("A session on which thousands of withdrawn requests are marked takes no new ones, and lives on")
    func marks() {
        let session = EtcdSession(LeaseID(rawValue: 1), seconds: 30, armedAt: at(100))
        #expect(session.isUsable(at: at(101)))
        for _ in 0..<5_000 { session.marked() }
        #expect(!session.isUsable(at: at(101)) && session.state.isUsable(at: at(101)))
    }

    @Test("Leases are asked for in whole seconds, never shorter ones")
    func seconds() {
        #expect(SessionBook.seconds(of: .seconds(2)) == 2)
        #expect(SessionBook.seconds(of: .milliseconds(2_001)) == 3)
        #expect(SessionBook.seconds(of: .seconds(2) + .nanoseconds(1)) == 3)
    }

    @Test("Another member is chosen when the one that is asked fails, not when one that was asked before does")
    func members() {
        var choice = MemberChoice(count: 3)
        choice.failed(0)
        choice.failed(0)
        #expect(choice.current == 1 && choice.turn == 1)
        choice.failed(1)
        choice.failed(2)
        #expect(choice.current == 0 && choice.turn == 3)
        var alone = MemberChoice(count: 1)
        alone.failed(0)
        #expect(alone.current == 0 && alone.turn == 0)
    }
}
