/// What a relay does with what passes through it.
package struct RelayRules: Sendable {
    package enum Direction: Sendable, Hashable { case toServer, toClient }

    /// Directions in which nothing gets through, without anybody being told: what comes stays in the relay.
    package var frozen: Set<Direction> = []
    /// By how much each piece is delayed, drawn evenly, in milliseconds.
    package var delay: ClosedRange<Int> = 0...0
    /// The chance, in percent, that a piece takes as long as a packet that is lost and sent again by TCP.
    package var lossPercent = 0
    /// Cuts the next connection whose client sent these bytes as soon as the server has answered them, and keeps the answer.
    package var swallow: [UInt8]?
    /// Keeps back etcd's signs of life for leases, and lets all else pass.
    package var withholdsKeepAlives = false

    package init() {}

    /// How long a piece is on its way, in nanoseconds.
    func journey(using generator: inout some RandomNumberGenerator) -> Int64 {
        var milliseconds = Int.random(in: delay, using: &generator)
        var timeout = Self.firstRetransmission
        while lossPercent > 0, Int.random(in: 0..<100, using: &generator) < lossPercent, timeout < 10_000 {
            milliseconds += timeout
            timeout *= 2
        }
        return Int64(milliseconds) * 1_000_000
    }

    /// Milliseconds; the least that Linux waits for.
    private static let firstRetransmission = 200
}
