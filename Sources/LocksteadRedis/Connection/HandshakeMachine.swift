import Lockstead
import RESP

/// What a server says of itself at log-in.
package struct RedisGreeting: Sendable, Hashable {
    /// 2 or 3.
    package var protocolVersion = 2
    /// Such as `redis`; `nil` where the server did not say, as in RESP2.
    package var server: String?
    package var version: String?
    /// `standalone`, `sentinel` or `cluster`.
    package var mode: String?
    /// `master` or `replica`.
    package var role: String?

    package init() {}
}

/// Logs in: HELLO where the server knows it, AUTH, CLIENT SETNAME and SELECT where not.
struct HandshakeMachine: Sendable, Equatable {
    struct Settings: Sendable, Equatable {
        var user: String?
        var password: String?
        var clientName: String?
        var database = 0
        var version = RedisConfiguration.ProtocolVersion.negotiated

        /// Whether to log in: a user without a password too, who would otherwise become the server's `default`.
        var isNamed: Bool { user != nil || password != nil }
    }

    enum Effect: Sendable {
        case send([RedisCommand])
        case succeeded(RedisGreeting)
        case failed(RedisError)
        case wait
    }

    private enum Step: Sendable, Equatable { case hello, auth, setName, select }

    private let settings: Settings
    /// What the next answers belong to.
    private var steps: [Step] = []
    private var greeting = RedisGreeting()

    init(_ settings: Settings) { self.settings = settings }

    mutating func start() -> Effect {
        settings.version == .resp2 ? logInWithoutHello() : logInWithHello()
    }

    mutating func received(_ value: RESPValue) -> Effect {
        if case .push = value.bare { return .wait }
        guard !steps.isEmpty else { return .failed(.outOfStep("an answer came to nothing that was asked")) }
        switch steps.removeFirst() {
        case .hello: return helloAnswered(value)
        case .setName: return proceed()  // A name is a courtesy: a server that refuses it is used all the same.
        case .auth, .select:
            if let error = value.error { return .failed(.refusedLogin(error)) }
            return proceed()
        }
    }

    private func proceed() -> Effect { steps.isEmpty ? .succeeded(greeting) : .wait }

    private mutating func logInWithHello() -> Effect {
        var hello = RedisCommand("HELLO", "3")
        if settings.isNamed {
            for argument in ["AUTH", settings.user ?? "default", settings.password ?? ""] { hello.append(argument) }
        }
        if let name = settings.clientName {
            for argument in ["SETNAME", name] { hello.append(argument) }
        }
        steps = [.hello]
        return .send([hello])
    }

    private mutating func logInWithoutHello() -> Effect {
        var commands: [RedisCommand] = []
        if settings.isNamed {
            commands.append(authentication(settings.password ?? ""))
            steps.append(.auth)
        }
        if let name = settings.clientName {
            commands.append(RedisCommand("CLIENT", "SETNAME", name))
            steps.append(.setName)
        }
        return select(after: commands)
    }

    private func authentication(_ password: String) -> RedisCommand {
        guard let user = settings.user else { return RedisCommand("AUTH", password) }
        return RedisCommand("AUTH", user, password)
    }

    private mutating func select(after commands: [RedisCommand]) -> Effect {
        guard settings.database != 0 else { return commands.isEmpty ? .succeeded(greeting) : .send(commands) }
        steps.append(.select)
        return .send(commands + [RedisCommand("SELECT", String(settings.database))])
    }

    private mutating func helloAnswered(_ value: RESPValue) -> Effect {
        if let error = value.error {
            guard settings.version == .negotiated, Self.isIgnorance(error) else { return .failed(.refusedLogin(error)) }
            return logInWithoutHello()
        }
        guard let entries = value.entries else { return .failed(.outOfStep("HELLO was answered with something else")) }
        greeting = RedisGreeting(entries)
        return select(after: [])
    }

    /// Whether the server, or what stands before it, does not know HELLO or RESP3, or does not let this user call it.
    private static func isIgnorance(_ error: RESPServerError) -> Bool {
        switch error.code {
        case "NOPROTO", "NOPERM": true
        case "ERR":
            error.text.lowercased().contains("unknown command") || error.text.lowercased().contains("syntax error")
        default: false
        }
    }
}

extension RedisGreeting {
    init(_ entries: [RESPEntry]) {
        self.init()
        for entry in entries {
            switch entry.key.text {
            case "proto": protocolVersion = entry.value.integer == 3 ? 3 : 2
            case "server": server = entry.value.text
            case "version": version = entry.value.text
            case "mode": mode = entry.value.text
            case "role": role = entry.value.text
            default: continue
            }
        }
    }
}
