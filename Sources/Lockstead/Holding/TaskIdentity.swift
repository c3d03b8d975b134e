/// Which task is running: comparable, nothing else.
struct TaskIdentity: Sendable, Hashable {
    let bits: UInt

    /// The task that calls.
    ///
    /// A task's address is its own for as long as it lives, and only live ones are compared (RULES 13).
    static var current: TaskIdentity {
        withUnsafeCurrentTask { task in
            // `UnsafeCurrentTask` is one pointer wide. The bits are only compared, never followed or kept alive.
            TaskIdentity(bits: task.map { unsafeBitCast($0, to: UInt.self) } ?? 0)
        }
    }
}
