import LockCore
import Synchronization

/// Ids of requests and owners: random where the client starts, then counted, so that none costs a call into the system.
struct IdentifierSource: ~Copyable, Sendable {
    private let high: UInt64
    private let next: Atomic<UInt64>

    init() {
        var generator = SystemRandomNumberGenerator()
        high = generator.next()
        next = Atomic(generator.next())
    }

    func make<Identifier: LockIdentifier>() -> Identifier {
        Identifier(high: high, low: next.wrappingAdd(1, ordering: .relaxed).newValue)
    }
}
