import Lockstead
import RESP
import Testing

@testable import LocksteadRedis

@Suite("Which primary the sentinels agree upon")
struct SentinelMachineTests {
    private let old = RedisEndpoint.host("a", port: 1)
    private let new = RedisEndpoint.host("b", port: 2)
    private let start = ContinuousTime(nanoseconds: 1_000_000_000)

    private func machine(_ opinions: [(RedisEndpoint, Int64)], of sentinels: Int) -> SentinelMachine {
        var machine = SentinelMachine(configured: 1)
        for (index, (primary, epoch)) in opinions.enumerated() {
            let opinion = SentinelOpinion(primary: primary, epoch: epoch, sentinels: sentinels)
            machine.heard(opinion, from: "s\(index)", at: start)
        }
        return machine
    }

    @Test("A majority of all there are decides, not of those that answer")
    func majority() {
        #expect(machine([(old, 1)], of: 3).agreed(at: start) == nil)
        #expect(machine([(old, 1), (old, 1)], of: 3).agreed(at: start) == old)
        #expect(machine([(old, 1), (new, 2)], of: 3).agreed(at: start) == nil)
        #expect(machine([(old, 1), (old, 1)], of: 4).agreed(at: start) == nil)
        #expect(machine([(old, 1), (old, 1), (new, 2)], of: 3).agreed(at: start) == old)
    }

    @Test("Numbers that no sentinel has are told without a trap")
    func extremes() {
        var machine = SentinelMachine(configured: 1)
        machine.heard(SentinelOpinion(primary: old, epoch: .max, sentinels: 1), from: "s", at: start)
        machine.heardSwitch(to: new, from: "s", at: start)
        #expect(machine.agreed(at: start) == new)
        let fields = [
            "ip", "a", "port", "1", "config-epoch", "1", "num-other-sentinels", "\(Int64.max)", "flags", "master",
        ]
        #expect(SentinelOpinion(.array(fields.map { .blobString(Array($0.utf8)) }))?.sentinels == 1)
    }

    @Test("One configured sentinel that knows of two others is no majority by itself")
    func oneOfThree() {
        let machine = machine([(old, 1)], of: 3)
        #expect(machine.size == 3)
        #expect(machine.doubt(about: old, at: start)?.contains("1 of 3") ?? false)
    }

    @Test("Sentinels that were taken away stop counting, once they are long silent and the others tell of fewer")
    func fewer() {
        var machine = machine([(old, 1), (old, 1), (old, 1), (old, 1), (old, 1)], of: 5)
        let later = start.advanced(by: SentinelMachine.remembered)
        #expect(machine.size == 5)
        for voice in ["s0", "s1"] {
            machine.heard(SentinelOpinion(primary: old, epoch: 1, sentinels: 3), from: voice, at: later)
        }
        #expect(machine.size == 3)
        #expect(machine.agreed(at: later) == old)
        machine.heard(SentinelOpinion(primary: old, epoch: 1, sentinels: 5), from: "s2", at: later)
        #expect(machine.size == 5, "as long as one that answers knows of them, they count")
    }

    @Test("A sentinel that is given up is forgotten, unless it was heard since, at another address perhaps")
    func givenUp() {
        var machine = machine([(old, 1), (old, 1), (old, 1)], of: 3)
        let later = start.advanced(by: .milliseconds(100))
        machine.heard(SentinelOpinion(primary: old, epoch: 1, sentinels: 3), from: "s1", at: later)
        #expect(machine.latest == later)
        machine.forget("s0", heardBefore: start)
        machine.forget("s1", heardBefore: start)
        #expect(machine.agreed(at: later) == old, "two of three are left")
        machine.forget("s1", heardBefore: later)
        #expect(machine.agreed(at: later) == nil)
        #expect(machine.latest == start)
    }

    @Test("What was said a while ago does not count")
    func stale() {
        let machine = machine([(old, 1), (old, 1), (old, 1)], of: 3)
        let later = start.advanced(by: SentinelMachine.fresh)
        #expect(machine.doubt(about: old, at: start) == nil)
        #expect(machine.agreed(at: later) == nil)
        #expect(machine.doubt(about: old, at: later) != nil)
    }

    @Test("The first sentinel that names a newer primary raises a doubt, an older opinion does not")
    func newer() {
        #expect(machine([(old, 1), (old, 1), (new, 2)], of: 3).doubt(about: old, at: start) != nil)
        #expect(machine([(new, 2), (new, 2), (old, 1)], of: 3).doubt(about: new, at: start) == nil)
    }

    @Test("A +switch-master message counts as a newer opinion, once")
    func switched() {
        var machine = machine([(old, 1), (old, 1), (old, 1)], of: 3)
        machine.heardSwitch(to: new, from: "s0", at: start)
        #expect(machine.agreed(at: start) == old)
        #expect(machine.doubt(about: old, at: start) != nil)
        machine.heardSwitch(to: new, from: "s1", at: start)
        #expect(machine.agreed(at: start) == new)
        #expect(machine.doubt(about: new, at: start) == nil)
    }

    @Test("A sentinel that misses the primary, or makes another one, confirms none")
    func unsure() {
        var machine = machine([(old, 1), (old, 1)], of: 3)
        #expect(machine.agreed(at: start) == old)
        var opinion = SentinelOpinion(primary: old, epoch: 2, sentinels: 3)
        opinion.isSure = false
        machine.heard(opinion, from: "s0", at: start)
        #expect(machine.agreed(at: start) == nil)
        #expect(machine.doubt(about: old, at: start) != nil)
    }

    @Test(
        "What a majority has confirmed since is the oldest answer of the newest majority, and a late answer changes nothing"
    )
    func confirmed() {
        var machine = machine([(old, 1), (old, 1), (old, 1)], of: 3)
        #expect(machine.confirmed(old) == start)
        let opinion = SentinelOpinion(primary: old, epoch: 1, sentinels: 3)
        let (later, latest) = (start + .milliseconds(100), start + .milliseconds(200))
        machine.heard(opinion, from: "s0", at: latest)
        #expect(machine.confirmed(old) == start)
        machine.heard(opinion, from: "s1", at: later)
        #expect(machine.confirmed(old) == later)
        machine.heard(opinion, from: "s0", at: start)
        #expect(machine.confirmed(old) == later)
        #expect(machine.confirmed(new) == nil)
    }

    @Test("There is no hope where every sentinel failed and none was ever heard")
    func hopeless() {
        var machine = SentinelMachine(configured: 2)
        let error = RedisError(.unreachable, "no", effect: .didNotHappen)
        machine.failed(error, at: "s0")
        #expect(machine.hopelessness == nil)
        machine.failed(error, at: "s1")
        #expect(machine.hopelessness?.code == .unreachable)
        machine.heard(SentinelOpinion(primary: old, epoch: 1, sentinels: 2), from: "s0", at: start)
        #expect(machine.hopelessness == nil)
    }

    @Test(
        "Messages of sentinels are read, and those about others ignored",
        arguments: [
            ("locks 10.0.0.1 6379 10.0.0.2 6380", RedisEndpoint.host("10.0.0.2", port: 6380)),
            ("other 10.0.0.1 6379 10.0.0.2 6380", nil), ("locks 10.0.0.1 6379 10.0.0.2", nil), ("", nil),
            ("locks 10.0.0.1 6379 10.0.0.2 port", nil),
        ] as [(String, RedisEndpoint?)])
    func messages(text: String, endpoint: RedisEndpoint?) {
        #expect(SentinelOpinion.switched(Array(text.utf8), of: "locks") == endpoint)
    }
}
