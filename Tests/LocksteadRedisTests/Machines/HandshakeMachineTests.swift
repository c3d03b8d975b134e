import Foundation
import Lockstead
import RESP
import Testing

@testable import LocksteadRedis

@Suite("Logging in")
struct HandshakeMachineTests {
    private typealias Settings = HandshakeMachine.Settings
    private static let everything = Settings(user: "ann", password: "secret", clientName: "me", database: 4)
    private static let greeting = RESPValue.map([
        RESPEntry(.blobString(Array("proto".utf8)), .number(3)),
        RESPEntry(.blobString(Array("server".utf8)), .blobString(Array("valkey".utf8))),
    ])
    private static let ok = RESPValue.simpleString(Array("OK".utf8))
    private static let unknown = RESPValue.error(RESPServerError(text: "ERR unknown command 'HELLO'"))

    @Test("HELLO carries user, password and name; SELECT follows")
    func hello() {
        var machine = HandshakeMachine(Self.everything)
        #expect(machine.start().sent == ["HELLO 3 AUTH ann secret SETNAME me"])
        #expect(machine.received(Self.greeting).sent == ["SELECT 4"])
        let greeting = machine.received(Self.ok).greeting
        #expect(greeting?.server == "valkey")
        #expect(greeting?.protocolVersion == 3)
    }

    @Test("A user without a password is logged in as that user, not as the server's default")
    func withoutPassword() {
        var machine = HandshakeMachine(Settings(user: "ann"))
        #expect(machine.start().sent == ["HELLO 3 AUTH ann "])
        #expect(machine.received(Self.unknown).sent == ["AUTH ann "])
    }

    @Test("Nothing to say is nothing said")
    func nothing() {
        var machine = HandshakeMachine(Settings(version: .resp2))
        #expect(machine.start().greeting?.protocolVersion == 2)
    }

    @Test("A server that does not know HELLO is logged in to command by command")
    func fallback() {
        var machine = HandshakeMachine(Self.everything)
        _ = machine.start()
        #expect(machine.received(Self.unknown).sent == ["AUTH ann secret", "CLIENT SETNAME me", "SELECT 4"])
        #expect(machine.received(Self.ok).isWait)
        #expect(machine.received(.error(RESPServerError(text: "ERR no names here"))).isWait)
        #expect(machine.received(Self.ok).greeting?.protocolVersion == 2)
    }

    @Test("RESP3 or nothing takes nothing else")
    func strict() {
        var machine = HandshakeMachine(Settings(version: .resp3))
        _ = machine.start()
        #expect(machine.received(Self.unknown).error?.code == .refused)
    }

    @Test(
        "A refused log-in is an authentication failure, in every wording",
        arguments: [
            "WRONGPASS invalid username-password pair or user is disabled.",
            "NOAUTH HELLO must be called with the client already authenticated",
            "ERR invalid password", "ERR AUTH <password> called without any password configured for the default user.",
            "ERR Client sent AUTH, but no password is set",
        ])
    func refused(text: String) {
        var machine = HandshakeMachine(Settings(password: "x", version: .resp2))
        #expect(machine.start().sent == ["AUTH x"])
        let error = machine.received(.error(RESPServerError(text: text))).error
        #expect(error?.code == .authenticationFailed)
        #expect(error?.effect == .didNotHappen)
    }

    @Test("A push is no answer, and an answer too many is out of step")
    func unasked() {
        var machine = HandshakeMachine(Settings())
        _ = machine.start()
        #expect(machine.received(.push([])).isWait)
        #expect(machine.received(Self.greeting).greeting != nil)
        #expect(machine.received(Self.ok).error?.code == .protocolViolation)
    }
}

extension HandshakeMachine.Effect {
    fileprivate var sent: [String]? {
        guard case .send(let commands) = self else { return nil }
        return commands.map { command in
            let lines = String(decoding: command.body, as: UTF8.self).components(separatedBy: "\r\n")
            return stride(from: 1, to: lines.count, by: 2).map { lines[$0] }.joined(separator: " ")
        }
    }
    fileprivate var greeting: RedisGreeting? { if case .succeeded(let greeting) = self { greeting } else { nil } }
    fileprivate var error: RedisError? { if case .failed(let error) = self { error } else { nil } }
    fileprivate var isWait: Bool { if case .wait = self { true } else { false } }
}
