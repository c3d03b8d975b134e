/// How a process ended.
enum ProcessEnd: Sendable, Equatable {
    /// With a code of its own.
    case exited(CInt)
    /// By a signal.
    case signalled(CInt)

    /// The code a shell reports for it: the process's own, or 128 plus the signal.
    var code: CInt {
        switch self {
        case .exited(let code): code
        case .signalled(let signal): 128 + signal
        }
    }
}

/// A change that `waitpid` reports.
enum ProcessChange: Sendable, Equatable {
    case ended(ProcessEnd)
    case stopped(CInt)
    case continued

    /// Takes `waitpid`'s status apart, as the `W…` macros of C do, which Swift does not import.
    init(waitStatus status: CInt) {
        if status == 0xFFFF {
            self = .continued
        } else if status & 0xFF == 0x7F {
            self = .stopped((status >> 8) & 0xFF)
        } else if status & 0x7F == 0 {
            self = .ended(.exited((status >> 8) & 0xFF))
        } else {
            self = .ended(.signalled(status & 0x7F))
        }
    }
}
