/// One command in the form in which it is sent: an array of blob strings.
///
/// Arguments are encoded as they are appended, into one growing block, so that building and sending a command needs no other.
package struct RedisCommand: Sendable, Hashable {
    /// How many arguments there are, the name included.
    package private(set) var argumentCount = 0
    /// All arguments, each as `$length CRLF bytes CRLF`.
    package private(set) var body: [UInt8] = []
    /// Where the first key lies in ``body``, for whoever must find the key's node.
    private var firstKey: Range<Int>?
    /// Whose key says where the command goes, for one that has none itself.
    private var borrowedKey: [UInt8]?

    /// A command without arguments yet.
    ///
    /// - Parameters:
    ///   - name: Such as `SET`.
    ///   - capacity: About how many bytes the whole will have.
    package init(_ name: StaticString, capacity: Int = 96) {
        body.reserveCapacity(capacity)
        name.withUTF8Buffer { append($0) }
    }

    /// A command with arguments that are no keys.
    package init(_ name: StaticString, _ arguments: String...) {
        self.init(name)
        for argument in arguments { append(argument) }
    }

    /// Appends an argument.
    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    /// Appends an argument.
    package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { append($0) } }

    /// Appends an argument in decimal.
    package mutating func append(_ number: some FixedWidthInteger) { append(String(number)) }

    /// Appends a key: the first one says which node of a cluster the command is for.
    package mutating func append(key: String) {
        append(key)
        noteKey(length: key.utf8.count)
    }

    /// Appends a key of any bytes.
    package mutating func append(key: [UInt8]) {
        append(key)
        noteKey(length: key.count)
    }

    private mutating func noteKey(length: Int) {
        guard firstKey == nil else { return }
        let end = body.count - 2
        firstKey = end - length..<end
    }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        argumentCount += 1
        body.append(UInt8(ascii: "$"))
        body.appendDecimal(bytes.count)
        body.appendLineEnd()
        body.append(contentsOf: bytes)
        body.appendLineEnd()
    }

    /// The first key's bytes, or those of the command that it follows; `nil` where there are none.
    package var key: [UInt8]? { firstKey.map { Array(body[$0]) } ?? borrowedKey }

    /// Whether it speaks of the command before it, and means nothing elsewhere.
    package var isFollowing: Bool { borrowedKey != nil }

    /// The same command, sent wherever another one is.
    package func following(_ other: RedisCommand) -> RedisCommand {
        var command = self
        command.borrowedKey = other.key
        return command
    }

    /// The command's name, in capitals as we write them.
    package var name: String {
        guard let start = body.firstIndex(of: UInt8(ascii: "\n")), let length = Int(ascii: body[1..<start - 1]) else {
            return ""
        }
        return String(decoding: body[start + 1..<start + 1 + length], as: UTF8.self)
    }

    /// Whether this runs a script or a function, whose failure may come after part of its work is done.
    package var isScript: Bool {
        ["EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO", "EXEC"].contains(name)
    }

    /// The command with its first arguments exchanged; the others stay as they are.
    package func replacing(first count: Int, with arguments: [String]) -> RedisCommand {
        var changed = RedisCommand(argumentCount: argumentCount - count)
        for argument in arguments { changed.append(argument) }
        let start = offset(afterArguments: count)
        let shift = changed.body.count - start
        changed.body.append(contentsOf: body[start...])
        changed.firstKey = firstKey.map { $0.lowerBound + shift..<$0.upperBound + shift }
        return changed
    }

    private init(argumentCount: Int) { self.argumentCount = argumentCount }

    private func offset(afterArguments count: Int) -> Int {
        var offset = 0
        for _ in 0..<count {
            guard let line = body[offset...].firstIndex(of: UInt8(ascii: "\n")),
                let length = Int(ascii: body[offset + 1..<line - 1])
            else { return offset }
            offset = line + 1 + length + 2
        }
        return offset
    }

    /// What goes before ``body`` on the wire.
    package var header: [UInt8] {
        var header = [UInt8(ascii: "*")]
        header.appendDecimal(argumentCount)
        header.appendLineEnd()
        return header
    }
}

extension Int {
    fileprivate init?(ascii bytes: ArraySlice<UInt8>) { self.init(String(decoding: bytes, as: UTF8.self)) }
}

extension [UInt8] {
    mutating func appendLineEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }

    mutating func appendDecimal(_ number: Int) {
        if number < 10 {
            append(UInt8(ascii: "0") + UInt8(number))
        } else {
            append(contentsOf: String(number).utf8)
        }
    }
}
