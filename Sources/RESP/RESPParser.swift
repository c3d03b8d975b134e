/// Reads RESP2 and RESP3 as it arrives, in pieces of any size.
///
/// Never traps, whatever arrives, and keeps no more than the limits allow: each length is charged when it is declared, before anything
/// of that length is kept. How the bytes are cut into pieces changes nothing, and each byte is looked at once, so that a value that
/// drips in costs no more than one that comes at once.
///
/// After the first error every further call throws it again: a stream that is out of step cannot be trusted.
package struct RESPParser: Sendable {
    enum State: Sendable {
        /// The next byte says what kind of value comes. Can transition to: `line`.
        case start
        /// In a value's first line. Can transition to: `lineEnd`.
        case line(RESPKind)
        /// After the line's CR. Can transition to: `start`, `blob`.
        case lineEnd(RESPKind)
        /// In the bytes whose length the line gave. Can transition to: `blobEnd`.
        case blob(RESPKind, missing: Int)
        /// After those bytes. Can transition to: `blobLineFeed`.
        case blobEnd(RESPKind)
        /// After those bytes and their CR. Can transition to: `start`.
        case blobLineFeed(RESPKind)
    }

    let limits: RESPLimits
    var state = State.start
    /// What has come of the line.
    var line: [UInt8] = []
    /// What has come of the blob.
    var blob: [UInt8] = []
    /// The arrays, maps and so on that are not complete, the outermost first.
    var frames: [Frame] = []
    /// What the reply under way has been charged.
    var charged = 0
    private var failure: RESPParsingError?

    package init(limits: RESPLimits = .standard) { self.limits = limits }

    /// Whether a value has begun and not ended.
    package var isWithinValue: Bool {
        if case .start = state { !frames.isEmpty } else { true }
    }

    /// Takes in what has arrived.
    ///
    /// - Parameters:
    ///   - input: Any number of bytes; all are taken.
    ///   - each: Is given the values that they complete, in order.
    /// - Throws: Why the bytes are refused, now and from now on.
    package mutating func parse(
        _ input: Span<UInt8>, each: (RESPValue) -> Void
    ) throws(RESPParsingError) {
        if let failure { throw failure }
        do throws(RESPParsingError) {
            try consume(input, each: each)
        } catch {
            failure = error
            (line, blob, frames) = ([], [], [])
            throw error
        }
    }

    private mutating func consume(_ input: Span<UInt8>, each: (RESPValue) -> Void) throws(RESPParsingError) {
        var index = 0
        while index < input.count {
            switch state {
            case .start: try begin(input[index])
            case .line(let kind): index = try readLine(kind, input, from: index) - 1
            case .lineEnd(let kind):
                try expectLineFeed(input[index])
                try emit(finishLine(kind), each: each)
            case .blob(let kind, let missing): index = readBlob(kind, missing, input, from: index) - 1
            case .blobEnd(let kind):
                guard input[index] == Self.carriageReturn else { throw .malformed("A blob is longer than it says.") }
                state = .blobLineFeed(kind)
            case .blobLineFeed(let kind):
                try expectLineFeed(input[index])
                try emit(finishBlob(kind), each: each)
            }
            index += 1
        }
    }

    private func expectLineFeed(_ byte: UInt8) throws(RESPParsingError) {
        guard byte == Self.lineFeed else { throw .malformed("A CR is not followed by an LF.") }
    }

    private mutating func begin(_ byte: UInt8) throws(RESPParsingError) {
        guard let kind = RESPKind(rawValue: byte) else {
            throw .malformed("No value begins with the byte 0x\(String(byte, radix: 16)).")
        }
        line.removeAll(keepingCapacity: true)
        state = .line(kind)
    }

    /// Reads to the CR or to the end of the input, and returns where it stopped.
    private mutating func readLine(
        _ kind: RESPKind, _ input: Span<UInt8>, from start: Int
    ) throws(RESPParsingError) -> Int {
        var index = start
        while index < input.count {
            let byte = input[index]
            index += 1
            if byte == Self.carriageReturn {
                state = .lineEnd(kind)
                return index
            }
            guard byte != Self.lineFeed else { throw .malformed("An LF is not preceded by a CR.") }
            guard line.count < limits.lineBytes else {
                throw .tooLarge("A line is longer than \(limits.lineBytes) bytes.")
            }
            line.append(byte)
        }
        return index
    }

    /// Reads the blob's bytes as far as they are here, and returns where it stopped.
    private mutating func readBlob(_ kind: RESPKind, _ missing: Int, _ input: Span<UInt8>, from start: Int) -> Int {
        let end = start + min(missing, input.count - start)
        input.extracting(start..<end).withUnsafeBufferPointer { blob.append(contentsOf: $0) }
        let rest = missing - (end - start)
        state = rest == 0 ? .blobEnd(kind) : .blob(kind, missing: rest)
        return end
    }

    /// Charges the reply under way for what it is about to take.
    mutating func charge(_ bytes: Int) throws(RESPParsingError) {
        let (sum, overflow) = charged.addingReportingOverflow(bytes)
        guard !overflow, sum <= limits.replyBytes else {
            throw .tooLarge("A reply takes more than \(limits.replyBytes) bytes.")
        }
        charged = sum
    }

    static let carriageReturn = UInt8(ascii: "\r")
    static let lineFeed = UInt8(ascii: "\n")
}
