import Lockstead
import LocksteadRedis
import Logging
import RESP
import Synchronization

/// Commands a second that the client carries, at several numbers of callers: `RedisProbe PORT CONNECTIONS SECONDS CALLERS…`.
@main
enum RedisProbe {
    static func main() async throws {
        let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        guard numbers.count >= 4 else { return print("Usage: RedisProbe PORT CONNECTIONS SECONDS CALLERS…") }
        var configuration = RedisConfiguration(endpoints: [.host("127.0.0.1", port: numbers[0])])
        configuration.connectionsPerNode = numbers[1]
        let context = EngineContext(logger: Logger(label: "probe"), time: SystemTimeSource())
        let node = RedisNode(configuration.endpoints[0], configuration: configuration, context: context)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await node.run() }
            defer { group.cancelAll() }
            for callers in numbers[3...] {
                try await measure(node, callers: callers, for: .seconds(1))
                let (rate, latency) = try await measure(node, callers: callers, for: .seconds(numbers[2]))
                print("\(callers) in flight: \(Int(rate)) commands/s, \(Int(latency)) µs each")
            }
        }
    }

    /// A closed loop of `SET key value` by so many tasks.
    @discardableResult
    private static func measure(
        _ node: RedisNode, callers: Int, for span: Duration
    ) async throws -> (rate: Double, microseconds: Double) {
        let clock = ContinuousClock()
        let (began, end) = (clock.now, clock.now + span)
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for caller in 0..<callers { group.addTask { try await loop(node, caller, until: end) } }
            return try await group.reduce(0, +)
        }
        let seconds = (clock.now - began) / .seconds(1)
        return (Double(count) / seconds, seconds * 1_000_000 * Double(callers) / Double(max(1, count)))
    }

    private static func loop(_ node: RedisNode, _ caller: Int, until end: ContinuousClock.Instant) async throws -> Int {
        var count = 0
        while ContinuousClock.now < end {
            var command = RedisCommand("SET")
            command.append(key: "probe/\(caller)")
            command.append("0123456789abcdef0123456789abcdef")
            _ = try await node.send(command)
            count += 1
        }
        return count
    }
}
