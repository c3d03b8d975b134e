/// What keeps an engine from working, sorted by what whoever is called has to do.
///
/// Engines' own errors name theirs, and travel as the ``LockError/cause`` of what callers are told.
package enum EngineFault: Sendable {
    /// Nobody answers at the address.
    case unreachable
    /// The two sides do not understand each other: TLS on one side alone, a certificate that is not trusted.
    case misconfigured
    /// The server takes no writes: a replica, or one that cannot save them.
    case readOnly
    /// The server has no room left.
    case full
}

/// An engine's own error that says what keeps the engine from working.
package protocol EngineFaultReporting: Error {
    /// What it is, where it is one of these.
    var engineFault: EngineFault? { get }
}

extension LockError {
    /// What keeps the engine from working, where its own error says so.
    package var engineFault: EngineFault? { (cause as? any EngineFaultReporting)?.engineFault }

    /// The same failure, with another word on whether it may have happened.
    package func with(effect: Effect) -> LockError {
        var error = self
        error.effect = effect
        return error
    }
}
