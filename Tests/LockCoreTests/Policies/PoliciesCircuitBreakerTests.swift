import LockCore
import SeededRandom
import Testing

@Suite("CircuitBreaker")
struct PoliciesCircuitBreakerTests {
    /// Drives a breaker by a text.
    ///
    /// `f` a call fails, `s` succeeds, `x` is refused, `a` is abandoned, a number lets so many seconds pass,
    /// `+` starts a probe and leaves it under way, `-f` and `-s` end the oldest of these. Gives back where each word left the breaker.
    func positions(_ script: String) -> String {
        var breaker = CircuitBreaker(
            thresholds: .init(
                consecutiveFailures: 3, openFor: .seconds(5), successfulProbes: 2, probeTimeout: .seconds(10)))
        var now = ContinuousTime(nanoseconds: 0)
        var pending = PendingPermits()
        var transitions: [CircuitBreaker.Transition] = []
        var result: [String] = []
        for word in script.split(separator: " ") {
            if let seconds = Int64(word) {
                now = now + .seconds(seconds)
            } else if word.hasPrefix("-") {
                pending.endOldest(
                    word == "-f" ? .failed : .succeeded, in: &breaker, at: now, transitions: &transitions)
            } else {
                switch breaker.admit(at: now, transitions: &transitions) {
                case .refused: #expect(word == "x", "refused at \(word) in \(script)")
                case .admitted(let permit):
                    #expect(word != "x", "admitted in \(script)")
                    switch word {
                    case "+": pending.keep(permit)
                    case "f": breaker.ended(permit, .failed, at: now, transitions: &transitions)
                    case "a": breaker.ended(permit, .abandoned, at: now, transitions: &transitions)
                    default: breaker.ended(permit, .succeeded, at: now, transitions: &transitions)
                    }
                }
            }
            result.append(letter(breaker.position))
        }
        return result.joined(separator: " ")
    }

    func letter(_ position: CircuitBreaker.Position) -> String {
        switch position {
        case .closed: "C"
        case .open: "O"
        case .halfOpen: "H"
        }
    }

    @Test(
        "A script of calls leaves the breaker where it should be",
        arguments: [
            ("s s s", "C C C", "successes keep it closed"),
            ("f f s f f", "C C C C C", "a success between failures starts the count again"),
            ("f f f x", "C C O O", "the third failure in a row opens it"),
            ("f f f 4 x 1 s s", "C C O O O O H C", "after five seconds two good probes close it"),
            ("f f f 5 f x", "C C O O O O", "one bad probe opens it again"),
            ("f f f 5 + + x -s -s", "C C O O H H H H C", "no more probes than are needed run at a time"),
            ("f f f 5 + 10 x", "C C O O H H O", "a probe unanswered for ten seconds counts as failed"),
            ("f f f 5 a a a s s", "C C O O H H H H C", "abandoned probes tell nothing and hold no place"),
            ("+ f f f -s x", "C C C O O O", "a late success from before the opening does not close it"),
            ("+ f f f 5 s -f s", "C C C O O H H C", "a late failure from before the opening does not fail the probing"),
            ("a a a a", "C C C C", "abandoned calls do not open it"),
            ("f f f 5 s 60 s", "C C O O H H C", "probing without a probe under way waits as long as it takes"),
        ])
    func script(_ script: String, expected: String, why: String) {
        #expect(positions(script) == expected, "\(why)")
    }

    @Test("Opening, probing and closing are told once each, in order")
    func transitions() {
        var breaker = CircuitBreaker(
            thresholds: .init(consecutiveFailures: 1, openFor: .seconds(1), successfulProbes: 1))
        var told: [CircuitBreaker.Transition] = []
        let start = ContinuousTime(nanoseconds: 0)
        finish(&breaker, .failed, at: start, &told)
        finish(&breaker, .succeeded, at: start + .seconds(1), &told)
        #expect(told == [.opened(until: start + .seconds(1)), .startedProbing, .closed])
    }

    func finish(
        _ breaker: inout CircuitBreaker, _ outcome: CircuitBreaker.Outcome, at now: ContinuousTime,
        _ told: inout [CircuitBreaker.Transition]
    ) {
        switch breaker.admit(at: now, transitions: &told) {
        case .admitted(let permit): breaker.ended(permit, outcome, at: now, transitions: &told)
        case .refused: Issue.record("refused at \(now)")
        }
    }

    @Test(
        "Random walks: closed never refuses, open never admits, and silence lets it probe again",
        arguments: 1...20 as ClosedRange<UInt64>)
    func walk(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var breaker = CircuitBreaker()
        var now = ContinuousTime(nanoseconds: 0)
        var pending = PendingPermits()
        var told: [CircuitBreaker.Transition] = []
        for _ in 0..<2_000 {
            now = now + .milliseconds(Int64.random(in: 0...900, using: &generator))
            let before = breaker.position
            switch breaker.admit(at: now, transitions: &told) {
            case .admitted(let permit):
                #expect(breaker.position != .open, "seed \(seed)")
                pending.keep(permit)
            case .refused(let until):
                #expect(before != .closed, "seed \(seed)")
                #expect(until > now, "seed \(seed)")
            }
            if Bool.random(using: &generator) {
                let outcome: CircuitBreaker.Outcome =
                    Int.random(in: 0..<3, using: &generator) == 0 ? .failed : .succeeded
                pending.endOldest(outcome, in: &breaker, at: now, transitions: &told)
            }
        }
        #expect(isOneCircle(told), "seed \(seed)")
        now = now + .seconds(60)
        switch breaker.admit(at: now + .seconds(60), transitions: &told) {
        case .admitted: break
        case .refused:
            // Its last probe had timed out, which opened it just now; the next pause is the last.
            switch breaker.admit(at: now + .seconds(120), transitions: &told) {
            case .admitted: break
            case .refused: Issue.record("still refusing two minutes later, seed \(seed)")
            }
        }
    }

    /// Opened follows closed or probing, probing follows opened, closed follows probing.
    func isOneCircle(_ told: [CircuitBreaker.Transition]) -> Bool {
        zip(told, told.dropFirst()).allSatisfy { before, after in
            switch (before, after) {
            case (.opened, .startedProbing), (.startedProbing, .opened), (.startedProbing, .closed), (.closed, .opened):
                true
            default: false
            }
        }
    }
}

/// Permits cannot be copied, so an array cannot hold them; boxes can be held instead.
private struct PendingPermits {
    private final class Box {
        private var permit: CircuitBreaker.Permit?
        init(_ permit: consuming CircuitBreaker.Permit) { self.permit = consume permit }
        func open() -> CircuitBreaker.Permit? { permit.take() }
    }

    private var boxes: [Box] = []

    mutating func keep(_ permit: consuming CircuitBreaker.Permit) { boxes.append(Box(permit)) }

    mutating func endOldest(
        _ outcome: CircuitBreaker.Outcome, in breaker: inout CircuitBreaker, at now: ContinuousTime,
        transitions: inout [CircuitBreaker.Transition]
    ) {
        guard !boxes.isEmpty, let permit = boxes.removeFirst().open() else { return }
        breaker.ended(permit, outcome, at: now, transitions: &transitions)
    }
}
