import Testing

@testable import LockCore

@Suite("Values in snapshots")
struct SnapshotValueTests {
    @Test("a waiter whose grant would end as it begins is refused", arguments: [0, -1, Int64.min])
    func capOnNoHold(nanoseconds: Int64) throws {
        let waiter = Command.Acquire(
            session: SessionID(high: 0, low: 1), request: RequestID(high: 0, low: 2), owner: OwnerID(high: 0, low: 3),
            names: [try LockName("a")], maximumHold: TimeSpan(nanoseconds: nanoseconds))
        var encoder = SnapshotEncoder()
        encoder.write(waiter)
        var decoder = SnapshotDecoder(encoder.bytes)
        #expect(throws: SnapshotError.inconsistent("a cap on the hold that allows none")) { try decoder.readAcquire() }
    }
}
