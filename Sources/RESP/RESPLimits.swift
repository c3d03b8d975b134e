/// How much of a server's answer is taken before the connection is given up.
///
/// A server, or whoever answers in its place, may claim any length; nothing is reserved on its word alone.
package struct RESPLimits: Sendable, Hashable {
    /// The longest line without a length of its own: simple strings, errors, numbers, and the lengths themselves.
    package var lineBytes: Int
    /// The most memory one reply may take, counted as its bytes and what each of its values takes.
    package var replyBytes: Int
    /// How deep arrays, sets, maps and pushes may lie in each other.
    package var depth: Int

    package init(lineBytes: Int, replyBytes: Int, depth: Int) {
        (self.lineBytes, self.replyBytes, self.depth) = (lineBytes, replyBytes, depth)
    }

    /// 64 KiB, 64 MiB and 32: far above what locks need, far below what would hurt.
    package static let standard = RESPLimits(lineBytes: 64 << 10, replyBytes: 64 << 20, depth: 32)
}
