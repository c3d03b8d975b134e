import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Two ends of a stream between two processes of this host; both are closed in whatever this process starts.
struct SocketPair {
    let ours: CInt
    let theirs: CInt

    init() throws(SystemError) {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, Self.kind, 0, &ends) == 0 else {
            throw SystemError.last("open", "a socket for the guard")
        }
        #if canImport(Darwin)
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                var on: CInt = 1
                _ = setsockopt(end, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<CInt>.size))
            }
        #endif
        (ours, theirs) = (ends[0], ends[1])
    }

    /// Sends without waiting and without a PIPE signal: a peer that is gone or does not read is noticed elsewhere.
    static func send(_ bytes: [UInt8], over socket: CInt) { _ = systemSend(socket, bytes, bytes.count, flags) }

    #if canImport(Glibc)
        private static let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        private static let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
    #elseif canImport(Musl)
        private static let kind = SOCK_STREAM | SOCK_CLOEXEC
        private static let flags = MSG_DONTWAIT | MSG_NOSIGNAL
    #else
        private static let kind = SOCK_STREAM
        private static let flags = MSG_DONTWAIT
    #endif
}

/// `send` of the C library, where a method of the same name hides it.
private func systemSend(_ socket: CInt, _ bytes: [UInt8], _ count: Int, _ flags: CInt) -> Int {
    send(socket, bytes, count, flags)
}
