import Dispatch
import Glibc

/// A worker's ear and mouth.
enum StandardStreams {
    /// One line, written in one piece.
    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        // A reader that went away is the run's end.
        _ = write(1, bytes, bytes.count)
    }

    /// The lines of standard input up to `stop`, or its end.
    static func lines() -> AsyncStream<String> {
        AsyncStream { continuation in
            DispatchQueue(label: "input").async {
                while let line = readLine(), line != "stop" { continuation.yield(line) }
                continuation.finish()
            }
        }
    }
}
