import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One process of the demonstration: this program once more, spoken to line by line.
final class DemoProcess {
    /// The subcommand of its program.
    static let command = "__demo-worker"

    private let process: pid_t
    private let input: CInt
    private let output: CInt
    private var unread: [UInt8] = []

    /// Longer than any of its steps takes on a busy machine.
    private static let patienceMilliseconds: CInt = 20_000

    /// Starts a worker in its own process group, so that a ^C at the terminal reaches the demonstration first, which ends them all.
    init(_ arguments: [String]) throws(SystemError) {
        let toWorker = try Pipe()
        let fromWorker = try Pipe()
        defer {
            close(toWorker.readEnd)
            close(fromWorker.writeEnd)
        }
        (input, output) = (toWorker.writeEnd, fromWorker.readEnd)
        process = try Spawn(
            path: OwnProgram.path, arguments: ["lockstead", Self.command] + arguments,
            environment: ChildEnvironment.inheriting(setting: []), group: 0,
            input: .descriptor(toWorker.readEnd), output: .descriptor(fromWorker.writeEnd)
        ).start()
    }

    deinit {
        send(SIGKILL)
        var status: CInt = 0
        waitpid(process, &status, 0)
        close(input)
        close(output)
    }

    func send(_ signal: CInt) { _ = kill(process, signal) }

    /// Tells it to go on.
    func go() {
        var line = UInt8(ascii: "\n")
        _ = write(input, &line, 1)
    }

    /// The words of its next line.
    ///
    /// - Throws: `DemoFailure` where it ends, or says nothing for too long.
    func nextWords() throws(DemoFailure) -> [String] {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: unread[..<end], as: UTF8.self)
                unread.removeFirst(end + 1)
                return line.split(separator: " ").map(String.init)
            }
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, Self.patienceMilliseconds) > 0 else {
                throw DemoFailure("a worker said nothing for too long")
            }
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = read(output, &buffer, buffer.count)
            guard count > 0 else { throw DemoFailure("a worker ended before its work was done") }
            unread += buffer.prefix(count)
        }
    }

    /// The rest of its next line that begins with `word`; what comes before is how it got there.
    func expect(_ word: String) throws(DemoFailure) -> [String] {
        while true {
            let words = try nextWords()
            if words.first == word { return Array(words.dropFirst()) }
            guard words.first == "entered" else {
                throw DemoFailure("a worker said \"\(words.joined(separator: " "))\" instead of \"\(word)\"")
            }
        }
    }
}

/// What kept the demonstration from showing what it should.
struct DemoFailure: Error, Sendable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
