public import LockCore

/// The value of a body, and what became of the lease while it ran.
public struct LockOutcome<Value: Sendable>: Sendable {
    /// What the body returned.
    public var value: Value
    /// The lease's state at the moment the body returned: `held` or `suspect` inside the lease, `lost` if the body overran it.
    public var lease: LeaseState

    /// Puts an outcome together.
    public init(value: Value, lease: LeaseState) {
        (self.value, self.lease) = (value, lease)
    }
}

extension LockOutcome: Equatable where Value: Equatable {}
