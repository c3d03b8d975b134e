package import LockCore

/// One entry in the queue of a name, on an engine where the queue is what lies in the store: it holds the lock or waits for it, as its
/// place says.
package protocol QueuedContender: Sendable, Hashable {
    associatedtype Key: Hashable & Sendable

    /// Where it lies.
    var key: Key { get }
    /// The change of the store that made it: its token, the same for all entries of one request.
    var created: Int64 { get }
    /// What its client says; `nil` where another program wrote it, or where it was not read.
    var record: ContenderRecord? { get }
    /// How it excludes others.
    var mode: LockMode { get }
    /// Whether the lock's rules are known to whoever wrote it.
    var isOurs: Bool { get }
    /// Who it is, for people.
    var note: HolderNote { get }

    /// Whether it came before another one.
    func precedes(_ other: Self) -> Bool
}

extension QueuedContender {
    package var token: FencingToken { FencingToken(rawValue: UInt64(max(0, created))) }

    /// The contender as a holder, as people see it; its times are its client's wall clock, in milliseconds since 1970.
    package func holder(at now: Int64, remaining: Duration?) -> LockDescription.Holder {
        LockDescription.Holder(
            owner: record?.owner ?? .nobody, mode: mode, token: token,
            phase: record?.phase == .revoked || record?.phase == .forced ? .revoked : .held,
            heldFor: elapsed(at: now), remaining: remaining, note: note)
    }

    package func waiter(at now: Int64) -> LockDescription.Waiter {
        LockDescription.Waiter(
            owner: record?.owner ?? .nobody, mode: mode, waitedFor: elapsed(at: now), note: note)
    }

    private func elapsed(at now: Int64) -> Duration { record.map { .milliseconds(max(0, now &- $0.since)) } ?? .zero }
}

extension OwnerID {
    /// Another program.
    package static let nobody = OwnerID(high: 0, low: 0)
}
