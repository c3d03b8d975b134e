import Glibc
package import Lockstead

/// TCP on the loopback interface, as far as a relay needs it.
package enum Sockets {
    /// A socket that listens on a free port.
    static func listen() throws(SystemError) -> (socket: CInt, port: UInt16) {
        let socket = try make()
        var address = address(of: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(socket, pointer, length) == 0 && Glibc.listen(socket, 128) == 0
                    && getsockname(socket, pointer, &length) == 0
            }
        }
        guard isBound else { throw .last("listen", "127.0.0.1") }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    /// A connection to a port; a server that is down refuses at once.
    package static func connect(to port: UInt16) throws(SystemError) -> CInt {
        let socket = try make()
        var address = address(of: port)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                Glibc.connect(socket, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else {
            let error = SystemError.last("connect", "127.0.0.1:\(port)")
            close(socket)
            throw error
        }
        var on: CInt = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
        return socket
    }

    /// A port that was free a moment ago.
    package static func freePort() throws(SystemError) -> UInt16 {
        let (socket, port) = try listen()
        close(socket)
        return port
    }

    private static func make() throws(SystemError) -> CInt {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw .last("socket", "") }
        return socket
    }

    private static func address(of port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
