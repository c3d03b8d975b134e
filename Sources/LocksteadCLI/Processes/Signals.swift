#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Sending signals, and what they do to this process.
enum Signals {
    typealias Handler = @convention(c) (CInt) -> Void

    /// Sends `number` to every process of `group`; a group that is gone is no failure here.
    static func send(_ number: CInt, toGroup group: pid_t) { _ = kill(-group, number) }

    /// Sends `number` to this process.
    static func raise(_ number: CInt) { _ = kill(getpid(), number) }

    /// Makes `number` do nothing.
    ///
    /// Not possible, and not done, for KILL and STOP.
    static func ignore(_ number: CInt) { _ = signal(number, SIG_IGN) }

    /// Makes `number` do what it does by nature.
    static func restoreDefault(_ number: CInt) { _ = signal(number, SIG_DFL) }

    /// Has `number` call `handler`, which may do only what a handler may.
    static func handle(_ number: CInt, with handler: @escaping Handler) { _ = signal(number, handler) }

    /// Whether this process was told, by `nohup` for one, to pay `number` no attention.
    static func isIgnored(_ number: CInt) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        #if canImport(Darwin)
            return unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self) == 1
        #else
            return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
        #endif
    }
}
