import RESP
import Testing

@testable import LocksteadRedis

@Suite("Matching answers")
struct PipelineMachineTests {
    @Test("Answers go to those who asked, in order; pushes to nobody")
    func order() {
        var machine = PipelineMachine<Int>()
        for waiter in 1...3 { machine.wrote(waiter) }
        #expect(machine.received(.push([])).waiter == nil)
        #expect((1...3).map { machine.received(.number(Int64($0))).waiter } == [1, 2, 3])
        #expect(machine.owed == 0)
    }

    @Test("An answer to nothing is out of step")
    func unasked() {
        var machine = PipelineMachine<Int>()
        #expect(machine.received(.null).isOutOfStep)
    }

    @Test("A PING in between takes its own answer and no other")
    func ping() {
        var machine = PipelineMachine<Int>()
        machine.wrote(1)
        machine.wrotePing()
        machine.wrote(2)
        #expect(machine.received(.null).waiter == 1)
        #expect(machine.received(.simpleString(Array("PONG".utf8))).waiter == nil)
        #expect(machine.received(.null).waiter == 2)
        machine.wrotePing()
        #expect(machine.received(.null).isOutOfStep)
    }

    @Test("At the end all who wait are found, in order")
    func drain() {
        var machine = PipelineMachine<Int>()
        for waiter in 1...3 {
            machine.wrote(waiter)
            machine.wrotePing()
        }
        #expect(machine.drain() == [1, 2, 3])
        #expect(machine.owed == 0)
    }
}

extension PipelineMachine.Event {
    fileprivate var waiter: Waiter? { if case .answered(let waiter) = self { waiter } else { nil } }
    fileprivate var isOutOfStep: Bool { if case .outOfStep = self { true } else { false } }
}
