/// Cuts a stream of bytes into frames, however it arrives.
package struct FrameSplitter: Sendable {
    /// The longest frame that is taken; nothing is reserved on a length's word alone.
    private let limit: Int32
    private var pending: [UInt8] = []
    /// Set by the first bytes that are no frame; nothing can be read after them.
    private var failure: JuteError?

    /// 8 MiB: servers send at most 1 MiB unless told otherwise.
    package static let standardLimit: Int32 = 8 << 20

    package init(limit: Int32 = Self.standardLimit) { self.limit = limit }

    /// Takes bytes and hands over the frames that are complete.
    ///
    /// - Parameters:
    ///   - bytes: What came.
    ///   - receive: Told of each frame, without its length.
    /// - Throws: `JuteError` for a frame that is too long; and for all that comes after it.
    package mutating func take(
        _ bytes: some Collection<UInt8>, _ receive: (ArraySlice<UInt8>) -> Void
    ) throws(JuteError) {
        if let failure { throw failure }
        pending += bytes
        var rest = pending[...]
        while rest.count >= 4 {
            let length = Int32(truncatingIfNeeded: rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
            guard length >= 0, length <= limit else {
                (failure, pending) = (.frameTooLong(length), [])
                throw .frameTooLong(length)
            }
            guard rest.count >= 4 + Int(length) else { break }
            receive(rest.dropFirst(4).prefix(Int(length)))
            rest = rest.dropFirst(4 + Int(length))
        }
        if rest.count < pending.count { pending = Array(rest) }
    }
}
