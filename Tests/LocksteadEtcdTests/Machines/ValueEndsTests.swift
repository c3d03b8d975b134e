import Lockstead
import Testing

@testable import LocksteadEtcd

@Suite("When values end that are kept for a time")
struct ValueEndsTests {
    private func at(_ seconds: Int64) -> ContinuousTime { ContinuousTime(nanoseconds: seconds * 1_000_000_000) }

    private func end(_ key: String, _ lease: Int64) -> ValueEnds.End {
        ValueEnds.End(key: Array(key.utf8), revision: lease, lease: LeaseID(rawValue: lease))
    }

    @Test("Each ends once, in the order of their times")
    func order() {
        var ends = ValueEnds()
        ends.set(end("a", 1), at: at(10))
        ends.set(end("b", 2), at: at(5))
        #expect(ends.next == at(5))
        #expect(ends.take(at: at(4)).isEmpty)
        #expect(ends.take(at: at(7)) == [end("b", 2)])
        #expect(ends.take(at: at(20)) == [end("a", 1)] && ends.next == nil)
    }

    @Test("A key that is written again and again has one end, its last one")
    func replacing() {
        var ends = ValueEnds()
        for number in Int64(1)...1_000 { ends.set(end("a", number), at: at(1_000 - number)) }
        #expect(ends.count == 1)
        #expect(ends.take(at: at(2_000)) == [end("a", 1_000)])
        ends.set(end("a", 1_001), at: at(1))
        ends.forget(Array("a".utf8))
        #expect(ends.count == 0 && ends.take(at: at(2_000)).isEmpty)
    }
}
