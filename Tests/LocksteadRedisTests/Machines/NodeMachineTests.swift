import Lockstead
import Testing

@testable import LocksteadRedis

@Suite("Routes within a node")
struct NodeMachineTests {
    private static let error = RedisError(.unreachable, "nobody there", effect: .didNotHappen)

    @Test("Before the first connection commands wait; then connections take turns")
    func turns() {
        var machine = NodeMachine<String, Int>(connections: 2)
        #expect(machine.route().description == "wait")
        machine.wait(1)
        machine.wait(2)
        #expect(machine.connected(0, "a") == [1, 2])
        #expect(machine.connected(1, "b") == [])
        #expect((0..<4).map { _ in machine.route().description } == ["a", "b", "a", "b"])
    }

    @Test("A preferred connection takes what comes, where it is there, and nobody's turn")
    func preferred() {
        var machine = NodeMachine<String, Int>(connections: 2)
        _ = machine.connected(0, "a")
        #expect(machine.route { $0 == "b" }.description == "a")
        _ = machine.connected(1, "b")
        #expect((0..<3).map { _ in machine.route { $0 == "b" }.description } == ["b", "b", "b"])
        #expect((0..<2).map { _ in machine.route().description } == ["b", "a"])
    }

    @Test("Where every attempt has failed, commands fail; while one is under way, they wait")
    func failing() {
        var machine = NodeMachine<String, Int>(connections: 2)
        machine.wait(1)
        #expect(machine.failed(0, Self.error) == [])
        #expect(machine.route().description == "wait")
        #expect(machine.failed(1, Self.error) == [1])
        #expect(machine.route().description == "unreachable")
        machine.connecting(1)
        #expect(machine.route().description == "wait")
        #expect(machine.connected(1, "b") == [])
        machine.connecting(0)
        #expect(machine.route().description == "b")
        #expect(machine.ready == ["b"])
    }

    @Test("Attempts that fail by turns do not leave a command waiting between them")
    func failingByTurns() {
        var machine = NodeMachine<String, Int>(connections: 2)
        _ = (machine.failed(0, Self.error), machine.failed(1, Self.error))
        machine.connecting(0)
        machine.wait(1)
        machine.connecting(1)
        #expect(machine.failed(0, Self.error) == [1])
        machine.connecting(0)
        _ = machine.connected(0, "a")
        machine.connecting(0)
        machine.wait(2)
        #expect(machine.failed(1, Self.error) == [], "one that was there a moment ago may be back in the next")
    }

    @Test("After the shutdown everything is refused")
    func shutDown() {
        var machine = NodeMachine<String, Int>(connections: 1)
        machine.wait(1)
        #expect(machine.shutDown() == [1])
        _ = machine.connected(0, "a")
        #expect(machine.route().description == "shutDown")
    }
}

extension NodeMachine<String, Int>.Route {
    fileprivate var description: String {
        switch self {
        case .send(let connection): connection
        case .wait: "wait"
        case .fail(let error): "\(error.code)"
        }
    }
}
