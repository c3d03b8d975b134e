#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif
import Lockstead

/// Where the lines of a history go: a file that is only appended to, or memory.
struct HistorySink: Sendable {
    private let file: OpenFile?
    private(set) var bytes: [UInt8] = []
    /// The first write that failed; from then on nothing is written, so that the history has no hole.
    private(set) var failure: SystemError?

    init() { file = nil }

    init(appendingTo path: String) throws(SystemError) {
        file = try OpenFile.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
    }

    /// Hands a line to the system in one write, so that lines of several processes do not mix and survive the death of this one.
    mutating func write(_ line: [UInt8]) {
        guard let file else { return bytes.append(contentsOf: line) }
        guard failure == nil else { return }
        var done = 0
        while done < line.count {
            let step = line.withUnsafeBytes { buffer in
                Self.append(file.descriptor, UnsafeRawBufferPointer(rebasing: buffer[done...]))
            }
            if step < 0, errno == EINTR { continue }
            guard step > 0 else {
                failure = .last("write", file.path)
                return
            }
            done += step
        }
    }

    /// The method's own name hides the system call's.
    private static func append(_ descriptor: CInt, _ buffer: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.write(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.write(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
