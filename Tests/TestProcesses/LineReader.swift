import Dispatch
import Glibc
import Synchronization

/// Reads lines from a descriptor, on a thread of its own, for one task that waits for them.
final class LineReader: Sendable {
    private struct State {
        var lines: [String] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)
    private let waiting = DispatchQueue(label: "lines.waiting")

    init(_ descriptor: CInt, _ each: (@Sendable (String) -> Void)?) {
        DispatchQueue(label: "lines.reading").async { [self] in
            var text: [UInt8] = []
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) == 1 {
                if byte != UInt8(ascii: "\n") {
                    text.append(byte)
                    continue
                }
                let line = String(decoding: text, as: UTF8.self)
                state.withLock { $0.lines.append(line) }
                each?(line)
                text = []
                signal.signal()
            }
            close(descriptor)
            state.withLock { $0.isOver = true }
            signal.signal()
        }
    }

    func next(within limit: Duration) async throws -> String {
        let milliseconds =
            Int(limit.components.seconds) * 1000 + Int(limit.components.attoseconds / 1_000_000_000_000_000)
        let isThere = await withCheckedContinuation { continuation in
            waiting.async {
                continuation.resume(
                    returning: self.signal.wait(timeout: .now() + .milliseconds(milliseconds)) == .success)
            }
        }
        guard isThere else { throw ChildProcess.Silence(description: "nothing said within \(limit)") }
        let line = state.withLock { $0.lines.isEmpty ? nil : $0.lines.removeFirst() }
        guard let line else {
            signal.signal()
            throw ChildProcess.Silence(description: "it ended")
        }
        return line
    }
}
