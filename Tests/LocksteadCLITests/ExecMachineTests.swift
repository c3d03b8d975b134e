import Testing

@testable import Lockstead
@testable import LocksteadCLI

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

struct ExecMachineTests {
    private static let deadlines = Deadlines(stopAt: .init(nanoseconds: 100), killAt: .init(nanoseconds: 175))
    private static let now = ContinuousTime(nanoseconds: 90)
    private var machine = ExecMachine(deadlines: Self.deadlines, hasTerminal: true, terminalGiven: false)

    @Test("A child that ends by itself gives its own outcome once the guard has gone")
    mutating func ordinaryEnd() {
        #expect(machine.handle(.childEnded(.exited(3), at: Self.now)).first == .dismissGuard)
        #expect(machine.handle(.guardGone(at: Self.now)) == [.finish(.child(.exited(3)))])
    }

    @Test(
        "A lease that cannot be renewed: the group is told to end, killed when time is up, and the loss is the outcome")
    mutating func lost() {
        let effects = machine.handle(.leaseEnding(at: Self.now))
        #expect(effects.contains(.signalGroup(SIGTERM)) && effects.contains(.signalGroup(SIGCONT)))
        #expect(effects.contains(.wake(at: .init(nanoseconds: 165))))
        #expect(machine.handle(.timeIsUp) == [.signalGroup(SIGKILL)])
        #expect(machine.handle(.childEnded(.signalled(SIGKILL), at: Self.now)).first == .signalGroup(SIGKILL))
        guard case .finish(.leaseLost)? = machine.handle(.guardGone(at: Self.now)).last else {
            Issue.record("a lost lease must be the outcome")
            return
        }
    }

    @Test("A child that answers TERM with success after a loss still counts as lost")
    mutating func gracefulAfterLoss() {
        _ = machine.handle(.leaseLost("it was released by force", at: Self.now))
        _ = machine.handle(.childEnded(.exited(0), at: Self.now))
        #expect(machine.handle(.guardGone(at: Self.now)) == [.finish(.leaseLost("it was released by force"))])
    }

    @Test("Told to end late, a child is killed no later than its lease allows")
    func killTime() {
        #expect(Self.deadlines.killTime(stoppingAt: .init(nanoseconds: 150)) == .init(nanoseconds: 175))
        #expect(Self.deadlines.killTime(stoppingAt: .init(nanoseconds: 10)) == .init(nanoseconds: 85))
    }

    @Test("A second reason to stop does not tell the child twice")
    mutating func once() {
        _ = machine.handle(.leaseLost("first", at: Self.now))
        #expect(machine.handle(.leaseEnding(at: Self.now)) == [])
        #expect(machine.handle(.guardGone(at: Self.now)) == [])
        #expect(machine.handle(.leaseRenewed(Self.deadlines)) == [])
    }

    @Test("The end of the child is seen before the guard's word that it fired: still a loss")
    mutating func guardFiredAfterChildEnded() {
        _ = machine.handle(.childEnded(.signalled(SIGTERM), at: Self.now))
        #expect(machine.handle(.guardFired) == [.signalGroup(SIGKILL)])
        guard case .finish(.leaseLost)? = machine.handle(.guardGone(at: Self.now)).last else {
            Issue.record("what the guard ended was lost")
            return
        }
    }

    @Test("The guard's word first: a loss, and nobody waits for a guard that has gone")
    mutating func guardFiredFirst() {
        _ = machine.handle(.guardFired)
        #expect(machine.handle(.guardGone(at: Self.now)) == [])
        guard case .finish(.leaseLost)? = machine.handle(.childEnded(.signalled(SIGKILL), at: Self.now)).last else {
            Issue.record("what the guard ended was lost")
            return
        }
    }

    @Test("A guard that was killed takes the child with it, since nothing would end it if the runner died")
    mutating func guardKilled() {
        #expect(machine.handle(.guardGone(at: Self.now)).contains(.signalGroup(SIGTERM)))
        guard case .finish(.leaseLost)? = machine.handle(.childEnded(.signalled(SIGTERM), at: Self.now)).last else {
            Issue.record("an unguarded child is stopped")
            return
        }
    }

    @Test("A guard that does not go when told is killed, and the child's outcome stands")
    mutating func stuckGuard() {
        _ = machine.handle(.childEnded(.exited(0), at: Self.now))
        #expect(machine.handle(.timeIsUp) == [.endGuard, .finish(.child(.exited(0)))])
    }

    @Test("A child that wants the terminal gets it, if it is ours to give")
    mutating func lazyTerminal() {
        #expect(machine.handle(.childStopped(SIGTTIN, foreground: true)) == [.giveTerminal, .signalGroup(SIGCONT)])
        _ = machine.handle(.childEnded(.exited(0), at: Self.now))
    }

    @Test("A stopped job: the terminal is taken back, the runner stops itself, and all goes on when it is continued")
    mutating func jobControl() {
        machine = ExecMachine(deadlines: Self.deadlines, hasTerminal: true, terminalGiven: true)
        #expect(machine.handle(.childStopped(SIGTSTP, foreground: false)) == [.takeTerminal, .suspend])
        #expect(
            machine.handle(.continued(foreground: true, leaseHeld: true, at: Self.now)) == [
                .giveTerminal, .signalGroup(SIGCONT),
            ])
        #expect(machine.handle(.childEnded(.exited(0), at: Self.now)).first == .takeTerminal)
    }

    @Test("A job that was stopped for longer than its lease is ended, not continued")
    mutating func stoppedTooLong() {
        _ = machine.handle(.childStopped(SIGTSTP, foreground: false))
        let effects = machine.handle(.continued(foreground: true, leaseHeld: false, at: Self.now))
        #expect(effects.contains(.signalGroup(SIGTERM)))
        #expect(!effects.contains(.giveTerminal))
    }

    @Test("Without a terminal a stopped child is left to whoever stopped it")
    mutating func stoppedWithoutTerminal() {
        machine = ExecMachine(deadlines: Self.deadlines, hasTerminal: false, terminalGiven: false)
        #expect(machine.handle(.childStopped(SIGTSTP, foreground: false)) == [])
    }

    @Test("Signals are passed on as long as there is a child, and not to whoever has its number later")
    mutating func forwarding() {
        #expect(machine.handle(.signalled(SIGUSR1)) == [.signalGroup(SIGUSR1)])
        _ = machine.handle(.childEnded(.exited(0), at: Self.now))
        #expect(machine.handle(.signalled(SIGTERM)) == [])
        _ = machine.handle(.guardGone(at: Self.now))
        #expect(machine.handle(.signalled(SIGTERM)) == [])
        #expect(machine.handle(.leaseEnding(at: Self.now)) == [])
    }
}
