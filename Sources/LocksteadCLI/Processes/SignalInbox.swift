@preconcurrency import Dispatch  // On Linux its sources carry no annotations; this one is touched from one place.
import Lockstead
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The signals this process gets, one by one, as calls on a queue of its own instead of interruptions.
///
/// Masks would not do: the main thread of a Swift program waits with every signal unblocked. So each signal has a handler that writes
/// its number to a pipe, which is all that a handler may do.
final class SignalInbox: Sendable {
    /// Where the handler writes; a handler has no other way to know.
    private static let mouth = Atomic<CInt>(-1)

    private let source: any DispatchSourceRead
    /// The signals it takes.
    let signals: [CInt]

    /// Starts catching `signals`.
    ///
    /// One inbox at a time; signals that this process was told to ignore (`nohup`) stay ignored.
    init(_ signals: [CInt], deliver: @escaping @Sendable (CInt) -> Void) throws(SystemError) {
        let pipe = try Pipe()
        let (readEnd, writeEnd) = (pipe.readEnd, pipe.writeEnd)
        for end in [readEnd, writeEnd] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        source = DispatchSource.makeReadSource(
            fileDescriptor: readEnd, queue: DispatchQueue(label: "lockstead.signals"))
        source.setEventHandler { Self.drain(readEnd, into: deliver) }
        source.setCancelHandler {
            _ = unistdClose(readEnd)
            _ = unistdClose(writeEnd)
        }
        source.activate()
        self.signals = signals.filter { !Signals.isIgnored($0) }
        Self.mouth.store(writeEnd, ordering: .sequentiallyConsistent)
        for signal in self.signals {
            Signals.handle(signal) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                let saved = errno
                _ = write(SignalInbox.mouth.load(ordering: .sequentiallyConsistent), &byte, 1)
                errno = saved
            }
        }
    }

    /// Gives every signal its natural effect back.
    func close() {
        for signal in signals { Signals.restoreDefault(signal) }
        Self.mouth.store(-1, ordering: .sequentiallyConsistent)
        source.cancel()
    }

    private static func drain(_ pipe: CInt, into deliver: (CInt) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 64)
        while true {
            let count = read(pipe, &buffer, buffer.count)
            guard count > 0 else { return }
            for byte in buffer.prefix(count) { deliver(CInt(byte)) }
        }
    }
}

/// `close` of the C library, where a method of the same name hides it.
private func unistdClose(_ descriptor: CInt) -> CInt { close(descriptor) }
