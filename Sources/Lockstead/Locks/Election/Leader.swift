public import LockCore
import Synchronization

/// Who leads, as observers see it.
public struct Leader: Sendable, Hashable {
    /// What the leader calls itself: the value it campaigned with.
    public var value: String
    /// The term: the fencing token of its grant, which rises with every new leader.
    public var term: FencingToken
    /// Whose grant it is; two candidates with the same value are told apart by it.
    public var owner: OwnerID
    /// The host it runs on, and its process id there.
    public var note: HolderNote

    /// Puts a leader together.
    public init(value: String, term: FencingToken, owner: OwnerID, note: HolderNote) {
        (self.value, self.term, self.owner, self.note) = (value, term, owner, note)
    }

    init(_ holder: HolderBook.Holder) {
        self.init(value: holder.note.purpose, term: holder.token, owner: holder.owner, note: holder.note)
    }
}

/// A term as its leader has it: what the body of a leader works with.
public final class Leadership: Sendable {
    /// The lease; it tells the leader of its end before anyone else can lead.
    public let lease: Lease
    /// What this leader calls itself.
    public let value: String
    private let hasResigned = Atomic(false)
    private let ending = Signal()

    init(lease: Lease, value: String) {
        (self.lease, self.value) = (lease, value)
        lease.onStop { [ending] in ending.set() }
    }

    /// The term: the fencing token; pass it to every resource the leader writes to.
    public var term: FencingToken { lease.token }

    /// Whether the leader may believe that it leads, now.
    public var isLeading: Bool { lease.isHeld }

    /// Steps down: the body is cancelled and awaited, and then the next one may lead.
    ///
    /// Returns at once; callable from any task, again without effect. `withLeadership` then throws `resigned`, unless the body returned a
    /// value all the same.
    public func resign() {
        hasResigned.store(true, ordering: .releasing)
        ending.set()
    }
}

extension Leadership {
    private enum Part<Value: Sendable>: Sendable {
        case body(Value)
        case ending
    }

    /// Runs the body beside the wait for the end of the term, which cancels it.
    ///
    /// - Returns: What the body returned.
    /// - Throws: What the body threw, or why the term ended where that is what stopped it.
    func lead<R: Sendable>(_ body: @escaping @Sendable (Leadership) async throws -> R) async throws -> R {
        do {
            return try await leadUntilTheEnd(body)
        } catch is CancellationError where ending.isSet && !Task.isCancelled {
            throw hasResigned.load(ordering: .acquiring) && lease.isHeld ? resignedError : lostError
        }
    }

    private func leadUntilTheEnd<R: Sendable>(
        _ body: @escaping @Sendable (Leadership) async throws -> R
    ) async throws -> R {
        try await withThrowingTaskGroup(of: Part<R>.self) { group in
            group.addTask { .body(try await body(self)) }
            group.addTask {
                await self.ending.wait()
                return .ending
            }
            defer { group.cancelAll() }
            while let part = try await group.next() {
                if case .body(let value) = part { return value }
                group.cancelAll()
            }
            preconditionFailure("a leader's body ended without an outcome")
        }
    }

    private var resignedError: LockError {
        LockError(
            .resigned,
            "The leader of \"\(lease.name)\" stepped down while its body ran, which was stopped; campaign again to lead again.",
            effect: .happened, bodyFinished: false)
    }

    private var lostError: LockError {
        .leaseLost(
            bodyFinished: false,
            "The term of the leader of \"\(lease.name)\" ended, or was about to, while its body ran (\(lease.state.inWords)); the body was stopped. Check what it had done and campaign again."
        )
    }
}
