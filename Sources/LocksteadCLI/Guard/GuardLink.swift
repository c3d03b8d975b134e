@preconcurrency import Dispatch  // On Linux its sources carry no annotations; this one is touched from one place.
import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The runner's side of its guard: starts it and speaks with it.
final class GuardLink: Sendable {
    /// The guard's process id, and the process group the child joins.
    let group: pid_t
    /// Open as long as this process: its end is what tells the guard that the runner died.
    private let socket: CInt
    private let source: any DispatchSourceRead

    /// Starts a guard; ``GuardFrame/ready`` is delivered when it can be relied on.
    ///
    /// - Parameters:
    ///   - lifeline: The engine's descriptor that keeps the grant alive, for the guard to inherit.
    ///   - defaultSignals: Signals ignored here only.
    ///   - deliver: What the guard says, in order; at last `nil`, when it is gone.
    /// - Throws: `SystemError` where the guard cannot be started.
    init(
        lifeline: CInt?, defaultSignals: [CInt], deliver: @escaping @Sendable (GuardFrame?) -> Void
    ) throws(SystemError) {
        let pair = try SocketPair()
        defer { close(pair.theirs) }
        do {
            group = try Self.spawn(link: pair.theirs, lifeline: lifeline, defaultSignals: defaultSignals).start()
        } catch {
            close(pair.ours)
            throw error
        }
        socket = pair.ours
        source = Self.listen(on: pair.ours, deliver: deliver)
    }

    /// Says something; a guard that is gone is noticed by its end, not here.
    func say(_ frame: GuardFrame) {
        SocketPair.send(frame.bytes, over: socket)
    }

    /// Tells the guard to leave everything be and go, awake for it even if someone stopped it.
    func dismiss() {
        say(.done)
        _ = kill(group, SIGCONT)
    }

    /// Kills the guard alone.
    func end() { _ = kill(group, SIGKILL) }

    /// Takes the guard's process id out of the system's books.
    ///
    /// Not before the child is gone: until then the id names its group.
    func reap() {
        source.cancel()
        var status: CInt = 0
        while waitpid(group, &status, 0) < 0, errno == EINTR {}
    }

    private static func spawn(link: CInt, lifeline: CInt?, defaultSignals: [CInt]) -> Spawn {
        Spawn(
            path: OwnProgram.path,
            arguments: ["lockstead", GuardLoop.command, "--link", "\(link)", "--runner-group", "\(getpgrp())"],
            environment: ChildEnvironment.inheriting(setting: []), group: 0,
            inherited: [link] + (lifeline.map { [$0] } ?? []), input: .null, output: .null,
            defaultSignals: defaultSignals)
    }

    private static func listen(
        on socket: CInt, deliver: @escaping @Sendable (GuardFrame?) -> Void
    ) -> any DispatchSourceRead {
        let source = DispatchSource.makeReadSource(
            fileDescriptor: socket, queue: DispatchQueue(label: "lockstead.guard"))
        source.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: GuardFrame.byteCount)
            // A guard writes each frame in one piece; at its end there is nothing more to hear.
            let count = recv(socket, &bytes, bytes.count, CInt(MSG_WAITALL))
            let frame = count == bytes.count ? GuardFrame(bytes: bytes) : nil
            if frame == nil { source.cancel() }
            deliver(frame)
        }
        source.activate()
        return source
    }
}
