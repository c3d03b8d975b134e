public import Lockstead
import LocksteadGuards

/// A file that holds a set of numbers, to which holders of a lock add: what loses updates where locks or fences do not hold.
///
/// Adding is reading, thinking and writing back, so whoever comes in between loses or undoes an update. With
/// ``Fencing/entered`` none is ever lost, however holders are paused (S6b); the other two are controls, which must lose some where
/// holders overlap, or the test sees nothing. What happens can be recorded for ``HistoryJudge``.
public struct LedgerFile: Sendable {
    /// How the file checks tokens.
    public enum Fencing: String, Sendable, Hashable, CaseIterable {
        /// Not at all.
        case none
        /// On writes alone: a stale holder is refused only once its successor has written.
        case writesOnly
        /// On the first operation of each grant, reads included (RULES 8).
        case entered
    }

    /// How the file checks tokens.
    public let fencing: Fencing
    private let name: LockName
    private let unguarded: UnguardedFile
    private let fenced: FencedFile
    private let recorder: HistoryRecorder?

    /// Names a file; touches nothing.
    ///
    /// - Parameters:
    ///   - path: An absolute path on a local file system.
    ///   - name: The lock that guards it.
    ///   - fencing: How it checks tokens.
    ///   - recorder: Where accesses are recorded, if anywhere.
    public init(_ path: String, of name: LockName, fencing: Fencing = .entered, recorder: HistoryRecorder? = nil) {
        (self.name, self.fencing, self.recorder) = (name, fencing, recorder)
        (unguarded, fenced) = (UnguardedFile(path), FencedFile(path))
    }

    /// Adds a number, as a holder of the lock does.
    ///
    /// - Parameters:
    ///   - value: The number.
    ///   - token: The holder's token.
    ///   - thinking: Runs between reading and writing back: pause here.
    /// - Throws: `GuardError` with the code `stale` where the file refuses the token, `SystemError` where the file system refuses, and
    ///   what `thinking` throws.
    public func add(_ value: UInt64, token: FencingToken, thinking: () async throws -> Void = {}) async throws {
        var values = try await access(token, nil) { try await read(token) }
        try await thinking()
        values.append(value)
        let bytes = Self.encode(values)
        try await access(token, value) { try await write(bytes, token) }
    }

    /// What is in the file, whoever asks; recorded as what was there at the end.
    ///
    /// - Returns: The numbers, in the order in which they were added.
    /// - Throws: `SystemError` where the file cannot be read.
    public func finalValues() throws -> [UInt64] {
        let values = Self.decode(try unguarded.read())
        recorder?.final(name, values: values)
        return values
    }

    private func access<R>(_ token: FencingToken, _ value: UInt64?, _ body: () async throws -> R) async throws -> R {
        guard let recorder else { return try await body() }
        return try await recorder.access(name, token: token, adding: value, body)
    }

    private func read(_ token: FencingToken) async throws -> [UInt64] {
        Self.decode(fencing == .entered ? try await fenced.enter(token) : try unguarded.read())
    }

    private func write(_ bytes: [UInt8], _ token: FencingToken) async throws {
        guard fencing == .none else { return try await fenced.write(token, bytes) }
        try unguarded.replace(bytes, writer: Int(truncatingIfNeeded: token.rawValue))
    }

    private static func encode(_ values: [UInt64]) -> [UInt8] {
        Array(values.map { "\($0)\n" }.joined().utf8)
    }

    private static func decode(_ bytes: [UInt8]) -> [UInt64] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { UInt64($0) }
    }
}
