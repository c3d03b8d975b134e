import RESP
import Testing

@testable import LocksteadRedis

struct ClusterMapTests {
    private static let asked = RedisEndpoint.host("seed", port: 7000)

    private static func text(_ text: String) -> RESPValue { .blobString(Array(text.utf8)) }

    private static func range(_ first: Int64, _ last: Int64, _ host: RESPValue, _ port: Int64, _ id: String)
        -> RESPValue
    {
        .array([.number(first), .number(last), .array([host, .number(port), text(id), .array([])])])
    }

    private static func map(_ ranges: RESPValue...) throws -> ClusterMap {
        try #require(ClusterMap(.array(ranges), from: asked))
    }

    @Test("Each slot has the primary whose range it is in; several ranges make one primary")
    func reading() throws {
        let map = try Self.map(
            Self.range(0, 100, Self.text("h1"), 1, "a"), Self.range(101, 200, Self.text("h2"), 2, "b"),
            Self.range(300, 300, Self.text("h1"), 1, "a"))
        let slots = try [0, 100, 101, 200, 300, 201].map { try #require(ClusterSlot($0)) }
        #expect(slots.map { map.primary(of: $0)?.id } == ["a", "a", "b", "b", "a", nil])
        #expect(map.primaries.count == 2)
    }

    @Test("A map of more primaries or ranges than a cluster can have is none")
    func tooLarge() {
        func map(_ count: Int64, of primaries: Int64) -> ClusterMap? {
            ClusterMap(
                .array((0..<count).map { Self.range($0 % 100, $0 % 100, Self.text("h"), 1, "n\($0 % primaries)") }),
                from: Self.asked)
        }
        #expect(map(1_000, of: 1_000)?.primaries.count == 1_000)
        #expect(map(1_001, of: 1_001) == nil)
        #expect(map(16_385, of: 3) == nil)
    }

    @Test("A node that tells no host of its own is on the one that was asked, one with \"?\" where its details say")
    func hosts() throws {
        let details = RESPValue.array([Self.text("ip"), Self.text("10.0.0.9")])
        let unknown = RESPValue.array([
            .number(2), .number(2), .array([Self.text("?"), .number(7003), Self.text("c"), details]),
        ])
        let map = try Self.map(
            Self.range(0, 0, .null, 7001, "a"), Self.range(1, 1, Self.text(""), 7002, "b"), unknown)
        #expect(
            map.primaries.map(\.endpoint) == [
                .host("seed", port: 7001), .host("seed", port: 7002), .host("10.0.0.9", port: 7003),
            ])
    }

    @Test("What is no answer to CLUSTER SLOTS is no map")
    func nonsense() {
        let host = Self.text("h")
        for answer: RESPValue in [
            .null, .array([.number(1)]), .array([Self.range(-1, 5, host, 1, "a")]),
            .array([Self.range(0, 16_384, host, 1, "a")]), .array([Self.range(5, 4, host, 1, "a")]),
            .array([Self.range(0, 1, host, 0, "a")]), .array([.array([.number(0), .number(1)])]),
        ] {
            #expect(ClusterMap(answer, from: Self.asked) == nil)
        }
    }

    @Test("A replica that has all that its primary had took over; slots that moved to a new or an old primary did not")
    func takeovers() throws {
        let host = Self.text("h")
        let old = try Self.map(Self.range(0, 99, host, 1, "a"), Self.range(100, 199, host, 2, "b"))
        let failedOver = try Self.map(Self.range(0, 99, host, 3, "r"), Self.range(100, 199, host, 2, "b"))
        #expect(failedOver.takeovers(since: old) == ["h:3 took over from h:1"])
        #expect(failedOver.retired(since: old) == [.host("h", port: 1)])
        let moved = try Self.map(Self.range(0, 49, host, 1, "a"), Self.range(50, 199, host, 2, "b"))
        let joined = try Self.map(
            Self.range(0, 49, host, 1, "a"), Self.range(50, 99, host, 4, "n"), Self.range(100, 199, host, 2, "b"))
        let emptied = try Self.map(Self.range(0, 199, host, 2, "b"))
        for map in [old, moved, joined, emptied] { #expect(map.takeovers(since: old).isEmpty) }
        let both = try Self.map(
            Self.range(0, 49, host, 2, "b"), Self.range(50, 99, host, 3, "r"), Self.range(100, 199, host, 2, "b"))
        #expect(both.takeovers(since: old) == ["h:3 took over from h:1"])
    }
}
