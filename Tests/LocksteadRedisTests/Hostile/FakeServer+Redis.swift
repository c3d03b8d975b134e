import FakeServers

@testable import LocksteadRedis

extension FakeServer {
    var configuration: RedisConfiguration {
        var configuration = RedisConfiguration(endpoints: [.host("127.0.0.1", port: port)])
        configuration.connectionsPerNode = 1
        return configuration
    }
}

/// A good answer to HELLO.
let greetingText = "%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n$5\r\nproto\r\n:3\r\n"
