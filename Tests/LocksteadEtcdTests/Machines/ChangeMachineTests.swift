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
        let released = machine.heard(.deleted(key(5), .left), of: name)
        #expect(kinds(released) == [.released, .granted])
        #expect(released.last?.token == FencingToken(rawValue: 6) && released.last?.owner.low == 6)
        #expect(kinds(machine.heard(.deleted(key(6), .ranOut), of: name)) == [.expired])
    }

    @Test("Whoever leaves the queue lets those in whom it kept out")
    func leaving() {
        var machine = ChangeMachine([
            name: ContenderQueue([contender(1, .shared), contender(2), contender(3, .shared)])
        ])
        #expect(kinds(machine.heard(.deleted(key(2), .left), of: name)) == [.waitEnded, .granted])
    }

    @Test("A revocation is told once, and a holder that is removed by force is not released besides")
    func revocations() {
        var machine = ChangeMachine([name: ContenderQueue([contender(1)])])
        let revoked = contender(1, .exclusive, .revoked, modified: 2)
        #expect(kinds(machine.heard(.written(revoked), of: name)) == [.revoked])
        #expect(kinds(machine.heard(.written(revoked), of: name)).isEmpty)
        #expect(machine.holderInQuestion(key(1), of: name)?.created == 1, "it may run out instead of giving back")
        #expect(kinds(machine.heard(.deleted(key(1), .left), of: name)) == [.released])
        machine = ChangeMachine([name: ContenderQueue([contender(1)])])
        #expect(kinds(machine.heard(.written(contender(1, .exclusive, .forced)), of: name)) == [.revoked])
        #expect(kinds(machine.heard(.deleted(key(1), .left), of: name)).isEmpty)
    }

    @Test("What is told of a holder at its end does not depend on whether what was written to it was read before")
    func unreadWords() {
        var machine = ChangeMachine([name: ContenderQueue([contender(1)])])
        #expect(kinds(machine.heard(.revoked(key(1)), of: name)) == [.revoked])
        #expect(kinds(machine.heard(.written(contender(1, .exclusive, .revoked)), of: name)).isEmpty)
        #expect(kinds(machine.heard(.revoked(key(1)), of: name)).isEmpty)
        #expect(kinds(machine.heard(.deleted(key(1), .ranOut), of: name)) == [.expired])
        machine = ChangeMachine([name: ContenderQueue([contender(1), contender(2)])])
        #expect(kinds(machine.heard(.deleted(key(1), .takenAway), of: name)) == [.revoked, .granted])
        #expect(kinds(machine.heard(.revoked(key(2)), of: name)) == [.revoked])
        #expect(kinds(machine.heard(.deleted(key(2), .takenAway), of: name)).isEmpty, "it has been told")
        machine = ChangeMachine([name: ContenderQueue([contender(1, .exclusive, .forced)])])
        #expect(kinds(machine.heard(.deleted(key(1), .left), of: name)) == [.revoked], "this reader was not told")
    }

    @Test("A grant that its client ends for its cap has expired, and needs no question about its lease")
    func caps() {
        var machine = ChangeMachine([name: ContenderQueue([contender(1)])])
        #expect(machine.holderInQuestion(key(1), of: name)?.lease == LeaseID(rawValue: 1))
        #expect(kinds(machine.heard(.written(contender(1, .exclusive, .ended)), of: name)).isEmpty)
        #expect(machine.holderInQuestion(key(1), of: name) == nil)
        #expect(kinds(machine.heard(.deleted(key(1), .left), of: name)) == [.expired])
    }

    @Test("A downgrade is told, and lets readers in")
    func downgrades() {
        var machine = ChangeMachine([name: ContenderQueue([contender(1), contender(2, .shared)])])
        let told = machine.heard(.written(contender(1, .shared, modified: 3)), of: name)
        #expect(kinds(told) == [.downgraded, .granted])
    }

    /// A request for several names, in the queue of one of them.
    private func joint(_ place: Int64, _ names: [LockName], in name: LockName) -> Contender {
        var joint = contender(place)
        joint.key = Array("\(name.text)/\(place)".utf8)
        joint.record?.names = names
        return joint
    }

    @Test("A request for several names is told as granted when it is first in all, and never before")
    func severalNames() throws {
        let (a, b) = (name, try LockName("b"))
        var machine = ChangeMachine([b: ContenderQueue([contender(1)])])
        #expect(machine.heard(.written(joint(2, [a, b], in: a)), of: a).isEmpty)
        #expect(machine.heard(.written(joint(2, [a, b], in: b)), of: b).isEmpty)
        let waiting = machine.settle()
        #expect(kinds(waiting) == [.queued, .queued] && Set(waiting.map(\.name)) == [a, b])
        #expect(machine.settle().isEmpty)
        let freed = machine.heard(.deleted(key(1), .left), of: b)
        #expect(kinds(freed) == [.released, .granted, .granted] && Set(freed.dropFirst().map(\.name)) == [a, b])
        #expect(kinds(machine.heard(.deleted(Array("a/2".utf8), .left), of: a)) == [.released])
        #expect(kinds(machine.heard(.deleted(Array("b/2".utf8), .left), of: b)) == [.released])
    }

    @Test("One that has all its names at once is never told as queued; names that are not watched do not count")
    func severalFree() throws {
        let (a, b) = (name, try LockName("b"))
        var machine = ChangeMachine([:])
        #expect(machine.heard(.written(joint(2, [a, b], in: a)), of: a).isEmpty)
        let granted = machine.heard(.written(joint(2, [a, b], in: b)), of: b)
        #expect(kinds(granted) == [.granted, .granted] && Set(granted.map(\.name)) == [a, b])
        #expect(machine.settle().isEmpty)
        var narrow = ChangeMachine([:], prefix: "a")
        #expect(kinds(narrow.heard(.written(joint(2, [a, b], in: a)), of: a)) == [.granted])
    }

    @Test("One that gives up while it has some of its names only was never granted")
    func severalGivenUp() throws {
        let (a, b) = (name, try LockName("b"))
        var machine = ChangeMachine([
            a: ContenderQueue([joint(2, [a, b], in: a)]), b: ContenderQueue([contender(1), joint(2, [a, b], in: b)]),
        ])
        #expect(kinds(machine.heard(.deleted(Array("a/2".utf8), .left), of: a)) == [.waitEnded])
        #expect(kinds(machine.heard(.deleted(Array("b/2".utf8), .left), of: b)) == [.waitEnded])
    }

    @Test("Keys that were never heard of are nothing")
    func unknown() {
        var machine = ChangeMachine([:])
        #expect(machine.heard(.deleted(key(1), .ranOut), of: name).isEmpty)
    }
}
