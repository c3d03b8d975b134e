/// An engine whose grants live as long as a descriptor stays open, which a child process may inherit (RULES 29).
package protocol LifelineBackend: LockBackend {
    /// The descriptor that keeps `grant` alive, or `nil` where the grant has none. It stays the engine's: do not close it.
    func lifeline(of grant: Grant) -> CInt?
}
