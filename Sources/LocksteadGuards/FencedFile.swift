internal import Dispatch
public import Lockstead

/// A file whose contents only the holder of the newest token may read or replace: a resource that is *fenced*.
///
/// Beside the file lies `NAME.fence`, which remembers the highest token seen. Any number of processes of one host may use it at once.
///
/// Crashes: the fence is raised and synced before anything else happens; contents are written under another name, synced, and moved into
/// place. So after a crash or a loss of power at any moment the file holds the old contents or the new ones, whole, and the fence is at
/// least as high as every token that was answered. Keep the two files together: without its fence the file forgets what it has seen.
public final class FencedFile: Sendable {
    /// Where the file is.
    public let path: String
    /// The store its callers' tokens come from.
    public let lineage: Lineage
    /// How long an operation waits for other processes at work on the file.
    public let patience: Duration
    private let store: FencedStore
    private let queue = DispatchQueue(label: "lockstead.fenced-file")

    /// Names a file; touches nothing.
    ///
    /// - Parameters:
    ///   - path: An absolute path on a local file system.
    ///   - lineage: The store its callers' tokens come from.
    ///   - patience: How long an operation waits for other processes at work on the file.
    public init(_ path: String, lineage: Lineage = .standard, patience: Duration = .seconds(5)) {
        (self.path, self.lineage, self.patience) = (path, lineage, patience)
        store = FencedStore(path: path, lineage: lineage)
    }

    /// Raises the fence to the caller's token, durably, and then reads: the first thing to do under a new grant (S6b).
    ///
    /// From its return on every lower token is refused, whatever its holder does.
    ///
    /// - Parameter token: The token of the caller's grant.
    /// - Returns: The contents; empty where there is no file yet.
    /// - Throws: `GuardError`; with the code `stale` where a higher token was seen.
    public func enter(_ token: FencingToken) async throws(GuardError) -> [UInt8] {
        try await perform { (store) throws(GuardError) in try store.read(token) }
    }

    /// Reads under the caller's token; raises the fence as ``enter(_:)`` does, should this be the grant's first operation.
    ///
    /// - Parameter token: The token of the caller's grant.
    /// - Returns: The contents; empty where there is no file yet.
    /// - Throws: `GuardError`; with the code `stale` where a higher token was seen.
    public func read(_ token: FencingToken) async throws(GuardError) -> [UInt8] {
        try await enter(token)
    }

    /// Replaces the contents, whole and durably.
    ///
    /// - Parameters:
    ///   - token: The token of the caller's grant.
    ///   - contents: The new contents.
    /// - Throws: `GuardError`; with the code `stale` where a higher token was seen, and then nothing was written.
    public func write(_ token: FencingToken, _ contents: [UInt8]) async throws(GuardError) {
        try await perform { (store) throws(GuardError) in try store.write(token, contents) }
    }

    /// Lets tokens of another store take over: its first token makes it the one that counts, and the old store's are refused from then on.
    ///
    /// - Parameter successor: The new store's lineage.
    /// - Throws: `GuardError` where the file system refuses.
    public func register(successor: Lineage) async throws(GuardError) {
        try await perform { (store) throws(GuardError) in try store.register(successor) }
    }

    /// What the file remembers of tokens, for people and tests.
    ///
    /// - Returns: The fence.
    /// - Throws: `GuardError` where it cannot be read.
    public func fence() async throws(GuardError) -> Fence {
        try await perform { (store) throws(GuardError) in try store.fence() }
    }

    /// Tries until other processes leave the file alone for a moment; on a queue of its own, since all of it blocks.
    private func perform<Value: Sendable>(
        _ body: @escaping @Sendable (FencedStore) throws(GuardError) -> Value?
    ) async throws(GuardError) -> Value {
        let deadline = SystemTimeSource().now.advanced(by: patience)
        while true {
            let result = await withCheckedContinuation { continuation in
                // The wait between two tries is the queue's, not a thread's.
                queue.asyncAfter(deadline: .now() + .microseconds(Int.random(in: 0...500))) { [store] in
                    continuation.resume(returning: Self.result { () throws(GuardError) in try body(store) })
                }
            }
            if let value = try result.get() { return value }
            guard SystemTimeSource().now < deadline else {
                throw GuardError(
                    .busy,
                    "Another process keeps \(path) for longer than \(patience); it may be stopped. Continue or end it.")
            }
        }
    }

    private static func result<Value>(_ body: () throws(GuardError) -> Value) -> Result<Value, GuardError> {
        do throws(GuardError) { return .success(try body()) } catch { return .failure(error) }
    }
}
