import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// All that `exec` listens to, in the one order in which it arrived.
final class ExecInputs: Sendable {
    /// One thing that happened.
    enum Input: Sendable {
        case signal(CInt)
        case acquired(Result<HeldLock?, any Error>)
        case lease(LeaseEvent)
        /// `nil`: the guard is gone.
        case guardSaid(GuardFrame?)
        case timeIsUp
    }

    private let stream: AsyncStream<Input>
    private let continuation: AsyncStream<Input>.Continuation
    private let inbox: SignalInbox

    /// Those that end a program which does not expect them: while it waits, the runner; later, the child.
    private static let fatal = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]

    /// Starts listening to signals.
    init() throws(SystemError) {
        let (stream, continuation) = AsyncStream.makeStream(of: Input.self)
        (self.stream, self.continuation) = (stream, continuation)
        inbox = try SignalInbox(Self.fatal + [SIGTSTP, SIGCONT, SIGCHLD, SIGWINCH]) { continuation.yield(.signal($0)) }
    }

    static func isFatal(_ signal: CInt) -> Bool { fatal.contains(signal) }

    /// Adds something that happened.
    func put(_ input: Input) { continuation.yield(input) }

    /// The next thing that happened; `nil` where the task is cancelled.
    ///
    /// One reader at a time.
    func next() async -> Input? {
        for await input in stream { return input }
        return nil
    }

    /// Stops listening: signals have their natural effect again.
    func close() {
        inbox.close()
        continuation.finish()
    }

    /// Has TTOU ignored, without which taking the terminal back would stop us; returns it if a child must have it undone.
    func ignoreTerminalOutputStops() -> [CInt] {
        guard !Signals.isIgnored(SIGTTOU) else { return [] }
        Signals.ignore(SIGTTOU)
        return [SIGTTOU]
    }
}
