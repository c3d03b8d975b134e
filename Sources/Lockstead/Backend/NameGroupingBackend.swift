import LockCore

/// An engine that takes several names in one step where they lie together, and cannot where they do not.
///
/// Its capabilities lack ``Capabilities/Features/severalNames``, which promises that for all names.
package protocol NameGroupingBackend: LockBackend {
    /// Whether one request may have all these names.
    func takesTogether(_ names: [LockName]) -> Bool
}

extension LockBackend {
    /// Whether one request may have all these names; otherwise they are taken one after the other.
    func takesInOneStep(_ names: [LockName]) -> Bool {
        if names.count == 1 || capabilities.features.contains(.severalNames) { return true }
        return (self as? any NameGroupingBackend)?.takesTogether(names) ?? false
    }
}
