package import LockCore

/// The two keys of a register as they were read, and what a write does to them.
///
/// The newest token lies beside the value, so that it outlives a removal (RULES 8).
package struct RegisterState: Sendable, Equatable {
    /// What a write comes to.
    package enum Decision: Sendable, Equatable {
        /// There is nothing to change.
        case answer(RegisterOutcome)
        /// The token is to be noted.
        case note
        /// The token is to be noted and the value written.
        case put(RegisterValue)
        /// The token is to be noted and the value removed.
        case remove
    }

    package var value: RegisterValue?
    /// When the value was last written; 0 where there is none.
    package var valueRevision: Int64 = 0
    package var seen: FencingToken?
    package var seenRevision: Int64 = 0
    /// The revision of the whole store when both were read.
    package var revision: Int64

    package init(
        value: RegisterValue?, valueRevision: Int64 = 0, seen: FencingToken?, seenRevision: Int64 = 0, revision: Int64
    ) {
        (self.value, self.valueRevision, self.seen) = (value, valueRevision, seen)
        (self.seenRevision, self.revision) = (seenRevision, revision)
    }

    /// The register, as callers see it.
    package func register(remaining: Duration?) -> Register {
        guard let value else { return Register(token: seen) }
        return Register(
            value: value.bytes, token: seen, writer: value.writer,
            revision: RegisterRevision(rawValue: UInt64(max(0, valueRevision))), remaining: remaining)
    }

    /// Judges a write.
    ///
    /// - Parameters:
    ///   - write: What is to be changed.
    ///   - remaining: How long the present value is still kept.
    /// - Returns: What to do.
    /// - Throws: `LockError` where no grant can have had the token.
    package func decide(_ write: RegisterWrite, remaining: Duration?) throws(LockError) -> Decision {
        // Tokens are revisions, and none is ahead of the store.
        guard write.token.rawValue <= UInt64(max(0, revision)) else { throw LockError(Refusal.unknownToken) }
        if let seen, seen > write.token { return .answer(.stale(newest: seen)) }
        let (isDone, present) = (isDone(write), register(remaining: remaining))
        if !isDone, let after = write.after, after != present.revision { return .answer(.changed(present)) }
        if isDone { return seen == write.token ? .answer(.stored(present)) : .note }
        switch write.content {
        case .unchanged: return .note
        case .nothing: return .remove
        case .value(let bytes, let span): return .put(RegisterValue(bytes: bytes, writer: write.token, keptFor: span))
        }
    }

    /// Whether the register is as the write would have it.
    private func isDone(_ write: RegisterWrite) -> Bool {
        switch write.content {
        case .unchanged: write.after == nil
        case .nothing: value == nil
        case .value(let bytes, _): value?.bytes == bytes && value?.writer == write.token
        }
    }
}

/// A register's value: under which token it was stored, for how long, and what it is.
package struct RegisterValue: Sendable, Equatable {
    package var bytes: [UInt8]
    package var writer: FencingToken
    /// How long it is kept; `nil`: until it is removed.
    package var keptFor: Duration?

    package init(bytes: [UInt8], writer: FencingToken, keptFor: Duration?) {
        (self.bytes, self.writer, self.keptFor) = (bytes, writer, keptFor)
    }

    /// For longer a value is kept for ever, as far as anybody can tell.
    private static let longest = Duration.seconds(3_155_760_000)

    /// `lockstead:1 token milliseconds`, a line's end, and the bytes as they are.
    package var stored: [UInt8] {
        let milliseconds = keptFor.map { max(1, Int64(min($0, Self.longest) / .milliseconds(1))) } ?? 0
        return Array("lockstead:1 \(writer) \(milliseconds)\n".utf8) + bytes
    }

    package init?(_ stored: some Collection<UInt8>) {
        guard let end = stored.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let words = String(decoding: stored[..<end], as: UTF8.self).split(separator: " ")
        guard words.count == 3, words[0] == "lockstead:1", let writer = FencingToken(String(words[1])),
            let milliseconds = Int64(words[2])
        else { return nil }
        self.init(
            bytes: Array(stored[end...].dropFirst()), writer: writer,
            keptFor: milliseconds > 0 ? .milliseconds(milliseconds) : nil)
    }
}
