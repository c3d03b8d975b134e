internal import Lockstead

/// What a test told this process on its command line: `FOLDER NAME [OPTION…]`.
struct Options: Sendable {
    enum Work: Sendable {
        /// Take the lock and keep it.
        case hold
        /// Take the lock as a program does, through a client that can be cut off from the engine.
        case holdByClient
        /// Campaign under the name, and lead.
        case lead
        /// Join the group of that name.
        case join(String)
        /// Take only the short kernel lock of the state file, as a process would that is stopped in the middle of its work.
        case jam
        /// Take the lock and count up in its register, without end.
        case count
    }

    var folder: String
    var name: LockName
    var work = Work.hold
    var mode = LockMode.exclusive
    var lease = Duration.seconds(30)
    var wait = LockRequest.Wait.never
    var renews = true
    var hasChild = false
    var lockDelay = Duration.zero

    init(_ arguments: [String]) throws {
        guard arguments.count >= 3 else { throw Usage("FOLDER NAME [OPTION…]") }
        (folder, name) = (arguments[1], try LockName(arguments[2]))
        for argument in arguments.dropFirst(3) { try read(argument) }
    }

    private mutating func read(_ argument: String) throws {
        let parts = argument.split(separator: "=", maxSplits: 1)
        let value = parts.count > 1 ? Int64(parts[1]) : nil
        switch (parts.first ?? "", value) {
        case ("--jam", nil): work = .jam
        case ("--count", nil): work = .count
        case ("--client", nil): work = .holdByClient
        case ("--elect", nil): work = .lead
        case ("--join", nil): work = .join(parts.count > 1 ? String(parts[1]) : "")
        case ("--shared", nil): mode = .shared
        case ("--permits", let limit?): mode = .permits(count: 1, limit: Int(limit))
        case ("--lease", let count?): lease = .milliseconds(count)
        case ("--lock-delay", let count?): lockDelay = .milliseconds(count)
        case ("--wait", nil): wait = .forever
        case ("--wait", let count?): wait = .until(SystemTimeSource().now.advanced(by: .milliseconds(count)))
        case ("--no-renewal", nil): renews = false
        case ("--child", nil): hasChild = true
        default: throw Usage("unknown option \(argument)")
        }
    }
}

struct Usage: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
