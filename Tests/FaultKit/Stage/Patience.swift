import Lockstead
import LocksteadTesting

extension Watched {
    /// Waits for a fact, for so long.
    ///
    /// - Returns: Whether it came about.
    func until(within limit: Duration, _ isMet: @escaping @Sendable (State) -> Bool) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.until(isMet) }
            // Whichever is first ends the other: the fact, or our patience.
            group.addTask { _ = try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        return isMet(value)
    }
}
