import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The guard process: leads the child's process group, and ends it when the runner dies or falls silent (RULES 29).
///
/// Everything here is synchronous and small, since it has to work when nothing else does. Its copy of the engine's lifeline keeps the
/// lock closed until the group is gone.
struct GuardLoop {
    /// The subcommand of its program.
    static let command = "__guard"

    private let link: CInt
    /// The runner's own group, where the guard steps aside to before it kills the child's.
    private let runnerGroup: pid_t
    private let group = getpgrp()
    private let clock = SystemTimeSource()
    private var machine = GuardMachine()
    private var received: [UInt8] = []

    init(link: CInt, runnerGroup: pid_t) { (self.link, self.runnerGroup) = (link, runnerGroup) }

    /// Keeps watch until there is nothing left to watch.
    mutating func run() {
        Self.outliveSignals()
        say(.ready)
        while true {
            switch machine.step(at: clock.now) {
            case .wait(let time): listen(until: time)
            case .terminate: terminate()
            case .kill: return killFromAside()
            case .avenge: return Signals.send(SIGKILL, toGroup: group)
            case .leave: return
            }
        }
    }

    /// Signals meant for the child reach the guard too: they share a group.
    ///
    /// Only KILL and STOP cannot be ignored.
    private static func outliveSignals() {
        for number in CInt(1)..<32 where number != SIGCHLD {
            Signals.ignore(number)
        }
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
    }

    private func terminate() {
        Signals.send(SIGTERM, toGroup: group)
        // A stopped process acts on TERM only once it runs again.
        Signals.send(SIGCONT, toGroup: group)
        say(.fired)
    }

    /// Leaves the group before killing it.
    ///
    /// An empty group cannot be joined, so that a runner that was paused just before it starts the child finds that it cannot any
    /// more; a guard that died inside would leave the group open until it is reaped.
    private func killFromAside() {
        say(.fired)
        // Fails where the runner's group is gone, and with it whoever could start a child.
        _ = setpgid(0, runnerGroup)
        Signals.send(SIGKILL, toGroup: group)
    }

    private mutating func listen(until time: ContinuousTime) {
        var entry = pollfd(fd: link, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Self.pollTimeout(clock.now.duration(to: time))) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: GuardFrame.byteCount * 16)
        let count = read(link, &buffer, buffer.count)
        guard count > 0 else {
            if count == 0 || (errno != EINTR && errno != EAGAIN) { machine.runnerLeft() }
            return
        }
        received += buffer.prefix(count)
        while received.count >= GuardFrame.byteCount {
            if let frame = GuardFrame(bytes: received.prefix(GuardFrame.byteCount)) { machine.receive(frame) }
            received.removeFirst(GuardFrame.byteCount)
        }
    }

    /// At most a second: poll's clock stands still while the machine sleeps, the lease's does not.
    private static func pollTimeout(_ duration: Duration) -> CInt {
        let milliseconds = max(duration, .zero) / Duration.milliseconds(1)
        return CInt(min(milliseconds.rounded(.up), 1_000))
    }

    /// The runner may be gone or paused with a full socket: what cannot be said is not waited for.
    private func say(_ frame: GuardFrame) {
        SocketPair.send(frame.bytes, over: link)
    }
}
