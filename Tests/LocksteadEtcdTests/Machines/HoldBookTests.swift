import Lockstead
import Testing

@testable import LocksteadEtcd

@Suite("What a client holds")
struct HoldBookTests {
    private let session = EtcdSession(LeaseID(rawValue: 1), seconds: 10, armedAt: ContinuousTime(nanoseconds: 0))

    private func at(_ seconds: Int64) -> ContinuousTime { ContinuousTime(nanoseconds: seconds * 1_000_000_000) }

    private func hold(_ number: UInt64, renewedAt: ContinuousTime, limit: ContinuousTime? = nil) throws -> HoldBook.Hold
    {
        let request = LockRequest(
            id: RequestID(high: 0, low: number), owner: OwnerID(high: 0, low: 1), names: [try LockName("a\(number)")],
            lease: .seconds(10))
        return HoldBook.Hold(
            request: request, session: session, keys: [], created: Int64(number), renewedAt: renewedAt, limit: limit,
            isDoubtful: false)
    }

    @Test("What is not renewed ends once its lease is over, and is told so once")
    func ends() throws {
        var book = HoldBook()
        let (first, second) = (try hold(1, renewedAt: at(0)), try hold(2, renewedAt: at(2)))
        let added = [book.add(first), book.add(second), book.add(first)]
        #expect(added == [true, true, false])
        let early = book.due(at: at(9))
        #expect(early.ended.isEmpty && early.next == at(10))
        book.renewed(first.request.id, created: 1, at: at(5))
        book.renewed(first.request.id, created: 1, at: at(4))
        #expect(ended(&book, at: 12) == [2])
        let later = book.due(at: at(12))
        #expect(later.ended.isEmpty && later.next == at(15))
        let removed = book.remove(first.request.id, created: 1)
        #expect(removed?.created == 1 && ended(&book, at: 99).isEmpty)
    }

    private func ended(_ book: inout HoldBook, at seconds: Int64) -> [Int64] {
        book.due(at: at(seconds)).ended.map(\.created)
    }

    @Test("A cap ends it, however often it is renewed, and another grant of its request is another")
    func caps() throws {
        var book = HoldBook()
        let capped = try hold(1, renewedAt: at(0), limit: at(12))
        _ = book.add(capped)
        book.renewed(capped.request.id, created: 1, at: at(9))
        let (early, late) = (ended(&book, at: 11), ended(&book, at: 12))
        #expect(early.isEmpty && late == [1])
        let other = book.remove(capped.request.id, created: 7)
        #expect(other == nil)
    }
}
