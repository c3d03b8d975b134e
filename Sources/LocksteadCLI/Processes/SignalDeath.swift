#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Ending by a signal after having tidied up, so that whoever waits for us sees what really ended us.
enum SignalDeath {
    static func die(of number: CInt) -> Never {
        Signals.restoreDefault(number)
        Signals.raise(number)
        // Another thread may take the signal a moment later, and one that does not end a process leaves us here.
        exit(128 + number)
    }
}
