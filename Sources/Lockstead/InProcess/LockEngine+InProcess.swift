extension LockEngine {
    /// Locks between the tasks of this process: every client opened by this engine shares them.
    ///
    /// They live by the system's clocks. Where a client was given other clocks, as in a test with a manual clock, it gets a store of
    /// its own on those: one store cannot live by two clocks.
    public static var inProcess: LockEngine {
        LockEngine(name: "memory") { context in
            let isSystem = context.time is SystemTimeSource
            return InProcessBackend(store: isSystem ? .shared : InProcessStore(time: context.time))
        }
    }

    /// Locks between the clients that open the same store.
    ///
    /// - Parameter store: The locks; its clocks count, not the client's.
    /// - Returns: The engine.
    public static func inProcess(_ store: InProcessStore) -> LockEngine {
        LockEngine(name: "memory") { _ in InProcessBackend(store: store) }
    }
}
