import Lockstead
import Testing

@testable import LocksteadEtcd

@Suite("What keys tell of locks")
struct ChangeMachineTests {
    private let name: LockName

    init() throws { name = try LockName("a") }

    private func contender(
        _ place: Int64, _ mode: LockMode = .exclusive, _ phase: ContenderRecord.Phase = .plain, modified: Int64? = nil
    ) -> Contender {
        var record = ContenderRecord(
            mode: mode, owner: OwnerID(high: 0, low: UInt64(place)), since: 0, lease: 1_000, note: HolderNote())
        record.phase = phase
        return Contender(
            key: key(place), created: place, modified: modified ?? place, lease: LeaseID(rawValue: place),
            record: record)
    }

    private func key(_ place: Int64) -> KeyBytes { Array("a/\(place)".utf8) }

    private func kinds(_ changes: [LockChange]) -> [LockChange.Kind] { changes.map(\.kind) }

    @Test("The first comer is granted, the second queued, and granted when the first one's key goes")
    func order() {
        var machine = ChangeMachine([:])
        let first = machine.heard(.written(contender(5)), of: name)
        #expect(kinds(first) == [.granted] && first.first?.token == FencingToken(rawValue: 5))
        let second = machine.heard(.written(contender(6)), of: name)
        #expect(kinds(second) == [.queued] && second.first?.token == nil)
        let released = machine.heard(.deleted(key(5), leaseIsGone: false), of: name)
        #expect(kinds(released) == [.released, .granted])
        #expect(released.last?.token == FencingToken(rawValue: 6) && released.last?.owner.low == 6)
        #expect(kinds(machine.heard(.deleted(key(6), leaseIsGone: true), of: name)) == [.expired])
    }

    @Test("Whoever leaves the queue lets those in whom it kept out")
    func leaving() {
        var machine = ChangeMachine([
            name: ContenderQueue([contender(1, .shared), contender(2), contender(3, .shared)])
        ])
        #expect(kinds(machine.heard(.deleted(key(2), leaseIsGone: false), of: name)) == [.waitEnded, .granted])
    }

    @Test("A revocation is told once, and a holder that is removed by force is not released besides")
    func revocations() {
        var machine = ChangeMachine([name: ContenderQueue([contender(1)])])
        let revoked = contender(1, .exclusive, .revoked, modified: 2)
        #expect(kinds(machine.heard(.written(revoked), of: name)) == [.revoked])
        #expect(kinds(machine.heard(.written(revoked), of: name)).isEmpty)
        #expect(kinds(machine.heard(.deleted(key(1), leaseIsGone: false), of: name)) == [.released])
        machine = ChangeMachine([name: ContenderQueue([contender(1)])])
        #expect(kinds(machine.heard(.written(contender(1, .exclusive, .forced)), of: name)) == [.revoked])
        #expect(kinds(machine.heard(.deleted(key(1), leaseIsGone: false), of: name)).isEmpty)
    }

    @Test("A grant that its client ends for its cap has expired, and needs no question about its lease")
    func caps() {
        var machine = ChangeMachine([name: ContenderQueue([contender(1)])])
        #expect(machine.leaseInQuestion(key(1), of: name) == LeaseID(rawValue: 1))
        #expect(kinds(machine.heard(.written(contender(1, .exclusive, .ended)), of: name)).isEmpty)
        #expect(machine.leaseInQuestion(key(1), of: name) == nil)
        #expect(kinds(machine.heard(.deleted(key(1), leaseIsGone: false), of: name)) == [.expired])
    }

    @Test("A downgrade is told, and lets readers in")
    func downgrades() {
        var machine = ChangeMachine([name: ContenderQueue([contender(1), contender(2, .shared)])])
        let told = machine.heard(.written(contender(1, .shared, modified: 3)), of: name)
        #expect(kinds(told) == [.downgraded, .granted])
    }

    @Test("Keys that were never heard of are nothing")
    func unknown() {
        var machine = ChangeMachine([:])
        #expect(machine.heard(.deleted(key(1), leaseIsGone: true), of: name).isEmpty)
    }
}
