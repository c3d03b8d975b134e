package import RESP

/// A Lua script, known to the server by the SHA-1 of its text.
package struct RedisScript: Sendable, Hashable {
    package let source: String
    /// In hexadecimal, as `EVALSHA` takes it.
    package let digest: String

    package init(_ source: String) {
        self.source = source
        digest = SHA1.hexadecimal(of: Array(source.utf8))
    }

    /// The script with what it works on: `EVALSHA digest n key… argument…`.
    ///
    /// - Parameters:
    ///   - keys: All keys it touches; in a cluster all of one slot.
    ///   - capacity: About how many bytes the arguments have that the caller appends.
    /// - Returns: The call, without arguments yet.
    package func call(keys: [String], capacity: Int = 96) -> RedisScriptCall {
        var arguments = RedisCommand("EVALSHA", capacity: 80 + capacity)
        arguments.append(digest)
        arguments.append(keys.count)
        for key in keys { arguments.append(key: key) }
        return RedisScriptCall(script: self, command: arguments)
    }
}

/// One call of a script; further arguments are appended to ``command``.
package struct RedisScriptCall: Sendable, Hashable {
    package let script: RedisScript
    package var command: RedisCommand

    /// Appends an argument.
    package mutating func append(_ text: String) { command.append(text) }
    /// Appends an argument.
    package mutating func append(_ bytes: [UInt8]) { command.append(bytes) }
    /// Appends an argument in decimal.
    package mutating func append(_ number: some FixedWidthInteger) { command.append(number) }
}
