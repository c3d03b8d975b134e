#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif
import Lockstead

extension HistoryJudge {
    /// Judges a history in a file, of which only what judging needs is kept in memory.
    ///
    /// - Parameter path: A file, or a pipe, whose whole text is then kept.
    /// - Returns: What was found, with the text of the offending lines.
    /// - Throws: `HistoryError` where it is no history, or the system's error where it cannot be read.
    public func judge(contentsOf path: String) throws -> Judgement {
        let file = try HistoryFile(path)
        if !file.isRegular { return try judge(try file.readAll()) }
        var judgement = judge(try Self.read(file))
        try judgement.violations.addExcerpts { wanted in
            var picker = LinePicker(wanted)
            let again = try HistoryFile(path)
            try again.forEachPiece { piece in
                picker.take(piece)
                return !picker.isDone
            }
            return picker.finish()
        }
        return judgement
    }

    static func read(_ file: HistoryFile) throws -> History {
        var reader = HistoryReader()
        reader.reserve(bytes: file.size)
        try file.forEachPiece { piece in
            try reader.take(piece)
            return true
        }
        return try reader.finish()
    }
}

/// A file that is read from its beginning to its end, piece by piece.
final class HistoryFile {
    private let descriptor: CInt
    private let path: String
    let isRegular: Bool
    /// As it was when it was opened; of no meaning for a pipe.
    let size: Int

    private static let pieceSize = 1 << 20

    init(_ path: String) throws(SystemError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", path) }
        var status = stat()
        isRegular = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = isRegular ? Int(status.st_size) : 0
    }

    deinit { close(descriptor) }

    /// - Parameter body: Says whether to go on.
    /// - Throws: `SystemError`, and what `body` throws.
    func forEachPiece(_ body: (UnsafeBufferPointer<UInt8>) throws -> Bool) throws {
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Self.pieceSize)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError.last("read", path) }
            guard count > 0, try body(UnsafeBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }

    func readAll() throws -> [UInt8] {
        var bytes: [UInt8] = []
        try forEachPiece { piece in
            bytes.append(contentsOf: piece)
            return true
        }
        return bytes
    }
}
