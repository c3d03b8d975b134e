import Lockstead
import SeededRandom

@testable import LocksteadRedis

/// How a client of the model takes a lock.
extension RedlockModel {
    mutating func begin(_ client: Int) {
        let proposed = draws.chance(0.7) ? clocks[client].propose(at: time, quorum) : 0
        let round = AcquireRound(
            quorum, memory: memories[client], asked: Array(nodes.indices), proposed: proposed, at: time)
        attempts.append(Attempt(client: client, sent: now, round: round))
        let attempt = attempts.count - 1
        for node in nodes.indices { send(.acquire(attempt: attempt, proposed: proposed), node) }
        enqueue(.giveUp(attempt: attempt), node: 0, after: Self.lease / 4)
    }

    mutating func took(_ attempt: Int, _ node: Int, _ answer: AcquireRound.Answer) {
        let client = attempts[attempt].client
        if let clock = answer.clock {
            clocks[client].told(micros: clock.micros, by: node, at: time)
            memories[client].told(age: clock.age, by: node, at: time)
        }
        let wasOpen = !attempts[attempt].round.isDecided
        attempts[attempt].round.receive(answer, from: node, isLost: false)
        guard wasOpen, !attempts[attempt].isOver else { return }
        switch attempts[attempt].round.verdict {
        case .open: return
        case .agreed(let token): report(attempt, token.rawValue)
        case .toRaise(let token, _): raise(attempt, token.rawValue, on: attempts[attempt].round.counted)
        case .split, .busy, .full, .unreachable: startOver(attempt)
        }
    }

    private mutating func raise(_ attempt: Int, _ computed: UInt64, on raised: [Int]) {
        let client = attempts[attempt].client
        let token = planted == .tokenReused ? reused[client] ?? computed : computed
        reused[client] = token
        attempts[attempt].token = token
        attempts[attempt].poll = Poll(quorum, asked: raised)
        for node in raised { send(.raise(attempt: attempt, token: token), node) }
    }

    mutating func raised(_ attempt: Int, _ node: Int, _ isRaised: Bool) {
        guard !attempts[attempt].isOver, attempts[attempt].validUntil == nil else { return }
        attempts[attempt].poll?.receive(isRaised ? .some(nil) : .some("gone"), from: node, isLost: false)
        guard let poll = attempts[attempt].poll else { return }
        if poll.verdict == .won || (planted == .minorityRaised && poll.yes > 0) {
            report(attempt, attempts[attempt].token)
        } else if poll.verdict != .open {
            startOver(attempt)
        }
    }

    /// Reported only while some of its validity is left.
    private mutating func report(_ attempt: Int, _ token: UInt64) {
        let sent = attempts[attempt].sent
        let start = planted == .validityFromAnswers ? now : sent
        guard now - start < Self.validity else { return startOver(attempt) }
        reported.append(Reported(token: token, sent: sent, reported: now))
        reused[attempts[attempt].client] = nil
        attempts[attempt].token = token
        hold(attempt, until: start + Self.validity)
    }

    mutating func giveUp(_ attempt: Int) {
        if !attempts[attempt].isOver, attempts[attempt].validUntil == nil { startOver(attempt) }
    }

    mutating func startOver(_ attempt: Int) {
        guard !attempts[attempt].isOver else { return }
        (attempts[attempt].isOver, attempts[attempt].validUntil) = (true, nil)
        for node in nodes.indices { send(.release(attempt: attempt), node) }
        enqueue(.begin(client: attempts[attempt].client), node: 0, after: Int64(draws.next() % 8_000))
    }
}
