import LockCore

extension LockError {
    /// The caller's task was cancelled, and with it the request.
    static let withdrawn = LockError(
        .cancelled, "The task was cancelled while it asked for the lock; nothing is held.", effect: .didNotHappen)

    /// `run()` of the engine has ended.
    static let engineStopped = LockError(
        .shutDown, "The client was shut down; nothing is granted any more. Make a new client.", effect: .didNotHappen)

    /// The grant has ended, whatever its handle says.
    static let grantGone = LockError(
        .notHeld, "The grant has ended, so it cannot be changed. Acquire the lock again.", effect: .didNotHappen)

    /// A reader of changes fell behind.
    static let changesUnread = LockError(
        .limitExceeded,
        "\(ChangeReader.mostUnread) changes were left unread, so later ones are lost. Read faster, or watch fewer names.",
        effect: .didNotHappen)
}
