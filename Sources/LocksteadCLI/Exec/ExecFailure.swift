import Lockstead

/// Why `exec` ended without a child having run.
enum ExecFailure: Error, Sendable {
    /// The lock was not to be had in the time given; whoever has it, where that is known.
    case notAcquired(LockName, waited: Duration?, LockDescription?)
    /// The `exec` that started this one holds the lock.
    case heldByCaller(LockName)
    /// The command is no file on the `PATH`.
    case commandNotFound(String)
    /// The command's file cannot be run, for this reason.
    case commandNotExecutable(String, String)
    /// The engine cannot keep a lock that another process could see.
    case engineInsideProcess
    /// The guard died before the child was started.
    case guardDied
    /// The lock was lost again before the child was started.
    case lostBeforeStart(LockName)
    /// This process got a signal while it waited for the lock.
    case interrupted(CInt)
}
