import Glibc
import RESP

/// One question to a server on a port of this machine, and its answer: a thousandth of what a program for it would take to start.
enum RedisLine {
    /// Sends a command and waits for what comes of it, for at most five seconds.
    ///
    /// - Returns: The answer as redis-cli prints it: one line for each element, nothing for null.
    /// - Throws: `ServerError` where the server answers an error, or nothing.
    @discardableResult
    static func ask(_ port: Int, _ arguments: [String]) throws -> String {
        let descriptor = try connect(to: port)
        defer { close(descriptor) }
        try send(
            "*\(arguments.count)\r\n" + arguments.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined(), to: descriptor)
        let answer = try receive(from: descriptor)
        if let error = answer.error { throw ServerError(error.text) }
        return lines(of: answer).joined(separator: "\n")
    }

    private static func connect(to port: Int) throws -> Int32 {
        guard let descriptor = Loopback.connect(to: port) else { throw ServerError("nobody listens on port \(port)") }
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        return descriptor
    }

    private static func send(_ text: String, to descriptor: Int32) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw ServerError("the server takes nothing (\(errno))") }
            rest = rest.dropFirst(count)
        }
    }

    private static func receive(from descriptor: Int32) throws -> RESPValue {
        var (parser, values, bytes) = (RESPParser(), [RESPValue](), [UInt8](repeating: 0, count: 65_536))
        while values.isEmpty {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { throw ServerError("the server does not answer (\(errno))") }
            let part = Array(bytes[..<count])
            try parser.parse(part.span) { values.append($0) }
        }
        return values[0]
    }

    private static func lines(of value: RESPValue) -> [String] {
        if let elements = value.elements { return elements.flatMap(lines) }
        if let text = value.text { return [text.replacing("\r\n", with: "\n")] }
        return [value.integer.map(String.init) ?? ""]
    }
}
