import Lockstead
import Testing

@testable import LocksteadRedis

@Suite("Changes that nobody publishes")
struct ChangeMachineTests {
    private let name: LockName
    private let start = ContinuousTime(nanoseconds: 0)
    private var machine = ChangeMachine()

    init() throws { name = try LockName("a") }

    private func message(_ kind: LockChange.Kind, _ token: UInt64, span: Duration = .zero) throws -> ChangeMessage {
        let text = "\(kind) \(token) \(span.millisecondsUp) 00000000000000000000000000000001 x ,0,,"
        return try #require(ChangeMessage(Array(text.utf8), of: name))
    }

    @Test("A grant that the server does not know any more when it is due has expired, and is told once")
    mutating func expires() throws {
        _ = machine.heard(try message(.granted, 1, span: .seconds(1)), at: start)
        let due = start.advanced(by: .seconds(2))
        #expect(machine.due(at: due).locks == [name])
        let told = machine.read(name, nil, machine.tokens(of: name), at: due)
        #expect(told.map(\.kind) == [.expired] && told.first?.token?.rawValue == 1)
        #expect(machine.read(name, nil, machine.tokens(of: name), at: due).isEmpty && machine.nextDue == nil)
    }

    @Test("A grant that comes after another one that was not released tells its end first")
    mutating func superseded() throws {
        _ = machine.heard(try message(.granted, 1, span: .seconds(1)), at: start)
        let told = machine.heard(try message(.granted, 2, span: .seconds(1)), at: start)
        #expect(told.map(\.kind) == [.expired, .granted])
        #expect(machine.heard(try message(.released, 2), at: start).map(\.kind) == [.released])
        #expect(machine.nextDue == nil)
    }

    @Test("A grant that came while the server was asked is not taken for one that it does not know")
    mutating func crossing() throws {
        _ = machine.heard(try message(.granted, 1, span: .seconds(1)), at: start)
        let suspects = machine.tokens(of: name)
        _ = machine.heard(try message(.released, 1), at: start)
        _ = machine.heard(try message(.granted, 2, span: .seconds(1)), at: start)
        #expect(machine.read(name, nil, suspects, at: start).isEmpty)
    }
}
