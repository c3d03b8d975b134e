#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads a history piece by piece, whatever the pieces, and keeps of it what judging needs.
struct HistoryReader {
    private var builder = HistoryBuilder()
    private var line = HistoryLine()
    private var names = TextNumbers()
    /// The beginning of a line whose end has not come yet.
    private var rest: [UInt8] = []
    private var number: UInt32 = 0

    /// Longer lines are no history; refusing them bounds the memory that a wrong file can take.
    private static let longestLine = 16 << 20

    init() {}

    /// Makes room for a history of so many bytes.
    mutating func reserve(bytes: Int) { builder.reserve(bytes: bytes) }

    mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) throws(HistoryError) {
        guard var at = bytes.baseAddress else { return }
        let end = at + bytes.count
        while at < end {
            guard let found = memchr(at, 10, end - at) else {
                guard rest.count + (end - at) <= Self.longestLine else {
                    throw HistoryError(line: Int(number) + 1, "the line is longer than 16 MiB; this is no history")
                }
                return rest.append(contentsOf: UnsafeBufferPointer(start: at, count: end - at))
            }
            let newline = at + (UnsafeRawPointer(found) - UnsafeRawPointer(at))
            try takeLine(UnsafeBufferPointer(start: at, count: newline - at))
            at = newline + 1
        }
    }

    private mutating func takeLine(_ bytes: UnsafeBufferPointer<UInt8>) throws(HistoryError) {
        if rest.isEmpty { return try judge(bytes) }
        var whole: [UInt8] = []
        swap(&whole, &rest)
        whole.append(contentsOf: bytes)
        do {
            try whole.withUnsafeBufferPointer { try judge($0) }
        } catch let error as HistoryError {
            throw error
        } catch {
            throw HistoryError(line: Int(number), "\(error)")
        }
    }

    private mutating func judge(_ bytes: UnsafeBufferPointer<UInt8>) throws(HistoryError) {
        guard number < .max else { throw HistoryError(line: Int(number), "a history has at most 2^32 - 1 lines") }
        number += 1
        if bytes.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) { return }
        guard let start = bytes.baseAddress else { return }
        var scanner = LineScanner(bytes, empty: start)
        do throws(LineScanner.Flaw) {
            try scanner.scan(into: &line, &names)
            try builder.take(line, at: number)
        } catch {
            throw HistoryError(line: Int(number), error.message)
        }
    }

    /// The history so far.
    consuming func finish() throws(HistoryError) -> History {
        if !rest.isEmpty {
            let last = rest
            rest = []
            do throws(HistoryError) {
                try takeLast(last)
            } catch {
                throw HistoryError(
                    line: error.line,
                    "the last line is torn, or wrong (\(error.message)); if its writer was cut off, remove the line")
            }
        }
        return builder.finish()
    }

    private mutating func takeLast(_ bytes: [UInt8]) throws(HistoryError) {
        let result = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(HistoryError) in try judge(buffer) }
        }
        try result.get()
    }
}
