import Foundation

extension Loopback {
    /// The local ports of this process's connections to a port, as the system lists them.
    package static func connections(to port: Int) throws -> Set<Int> {
        let ours = try ownSockets()
        let lines = try ["tcp", "tcp6"].flatMap { try table("/proc/self/net/\($0)") }
        return Set(
            lines.compactMap(ListedSocket.init)
                .filter { $0.isEstablished && $0.remotePort == port && ours.contains($0.inode) }.map(\.localPort))
    }

    /// A table without its heading; what reads a file as a whole stops at the first page of such a one.
    private static func table(_ path: String) throws -> ArraySlice<Substring> {
        guard let file = FileHandle(forReadingAtPath: path) else { throw ServerError("\(path) cannot be read") }
        return String(decoding: file.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n").dropFirst()
    }

    /// The inodes of this process's sockets.
    private static func ownSockets() throws -> Set<String> {
        let (files, folder) = (FileManager.default, "/proc/self/fd")
        return Set(
            try files.contentsOfDirectory(atPath: folder).compactMap { descriptor in
                // One that was closed meanwhile leads nowhere.
                guard let target = try? files.destinationOfSymbolicLink(atPath: "\(folder)/\(descriptor)") else {
                    return nil
                }
                return target.wholeMatch(of: /socket:\[(\d+)\]/).map { String($0.1) }
            })
    }
}

/// A line of `/proc/net/tcp` or `tcp6`: number, local and remote address in hexadecimal digits, state, and more; the tenth word is the inode.
private struct ListedSocket {
    let localPort: Int
    let remotePort: Int
    let isEstablished: Bool
    let inode: String

    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count > 9, let local = Self.port(words[1]), let remote = Self.port(words[2]) else { return nil }
        (localPort, remotePort, isEstablished, inode) = (local, remote, words[3] == "01", String(words[9]))
    }

    private static func port(_ address: Substring) -> Int? {
        address.split(separator: ":").last.flatMap { Int($0, radix: 16) }
    }
}
