import Lockstead
import SeededRandom

@testable import LocksteadRedis

/// What a holder of the model does, and whether another believes to hold at the same time.
extension RedlockModel {
    /// In microseconds, as the engine counts it.
    static var validity: Int64 {
        LeaseRules.validity(of: TimeSpan(nanoseconds: lease * 1_000)).nanoseconds / 1_000
    }

    mutating func hold(_ attempt: Int, until end: Int64) {
        attempts[attempt].validUntil = end
        if harm != .endsEarly { judge(attempt) }
        // Most of them leave at once, so that tokens follow each other quickly.
        switch draws.next() % 10 {
        case 0..<6: startOver(attempt)
        case 6, 7: goOnLater(attempt)
        // It holds to the end, and says nothing.
        default: enqueue(.goOn(attempt: attempt), node: 0, after: max(0, end - now))
        }
    }

    private mutating func judge(_ attempt: Int) {
        // Whoever began long before is over.
        for other in attempts.indices.suffix(2_000) where other != attempt {
            guard let end = attempts[other].validUntil, end > now else { continue }
            overlaps.append("\(now): \(attempt) and \(other), whose lease goes on for \(end - now)")
        }
    }

    private mutating func goOnLater(_ attempt: Int) {
        enqueue(.goOn(attempt: attempt), node: 0, after: Self.lease / 5 + Int64(draws.next() % UInt64(Self.lease / 2)))
    }

    /// Renews a few times, or leaves.
    mutating func goOn(_ attempt: Int) {
        guard let end = attempts[attempt].validUntil else { return }
        guard end > now, attempts[attempt].renewals < 4, draws.chance(0.7) else { return startOver(attempt) }
        attempts[attempt].renewals += 1
        attempts[attempt].renewal = (now, Poll(quorum, asked: Array(nodes.indices)))
        for node in nodes.indices { send(.extend(attempt: attempt, renewal: attempts[attempt].renewals), node) }
        goOnLater(attempt)
    }

    mutating func extended(_ attempt: Int, _ number: Int, _ node: Int, _ answer: ModelNode.Extending) {
        guard attempts[attempt].validUntil.map({ $0 > now }) ?? false, number == attempts[attempt].renewals,
            var renewal = attempts[attempt].renewal
        else { return }
        let wasOpen = !renewal.poll.isDecided
        renewal.poll.receive(answer == .done ? .some(nil) : .some("\(answer)"), from: node, isLost: false)
        attempts[attempt].renewal = renewal
        let isBelieved = renewal.poll.verdict == .won || planted == .minorityRenewed && renewal.poll.yes > 0
        if isBelieved {
            attempts[attempt].validUntil = renewal.sent + Self.validity
            for lacking in renewal.poll.refusing { send(.heal(attempt: attempt), lacking) }
        } else if renewal.poll.verdict == .lost, wasOpen {
            startOver(attempt)
        }
    }
}
