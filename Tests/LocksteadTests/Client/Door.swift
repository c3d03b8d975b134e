import LocksteadTesting

/// A door that a test opens.
struct Door: Sendable {
    private let isOpen = Watched(false)
    func open() { isOpen.update { $0 = true } }
    func wait() async { await isOpen.until { $0 } }
}
