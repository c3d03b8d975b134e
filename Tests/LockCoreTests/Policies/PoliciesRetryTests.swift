import LockCore
import SeededRandom
import Testing

@Suite("RetryMachine")
struct PoliciesRetryTests {
    static let start = ContinuousTime(nanoseconds: 1_000)
    static let exponential = RetryPolicy(
        backoff: .exponential(base: .milliseconds(100), cap: .seconds(1)), maximumAttempts: 20,
        maximumElapsed: .seconds(3600))
    static let decorrelated = RetryPolicy(
        backoff: .decorrelated(base: .milliseconds(100), cap: .seconds(1)), maximumAttempts: 20,
        maximumElapsed: .seconds(3600))

    /// The pauses of one operation that always fails at once, with these draws.
    func pauses(_ policy: RetryPolicy, draws: [UInt64]) -> [TimeSpan] {
        var machine = RetryMachine(policy: policy, startedAt: Self.start)
        var now = Self.start
        return draws.compactMap { draw in
            guard case .retry(let time) = machine.attemptFailed(at: now, draw: draw) else { return nil }
            defer { now = time }
            return time - now
        }
    }

    @Test("The policy none never tries again")
    func none() {
        var machine = RetryMachine(policy: .none, startedAt: Self.start)
        #expect(machine.attemptFailed(at: Self.start, draw: 0) == .giveUp(.policyIsNone))
        #expect(machine.failures == 1)
    }

    @Test("The highest draws show the ceilings of full jitter: doubling up to the cap")
    func exponentialCeilings() {
        let milliseconds = [100, 200, 400, 800, 1000, 1000].map { TimeSpan.milliseconds($0) }
        #expect(pauses(Self.exponential, draws: Array(repeating: .max, count: 6)) == milliseconds)
    }

    @Test("The lowest draw of full jitter is no pause at all")
    func exponentialFloor() {
        #expect(pauses(Self.exponential, draws: [0, 0, 0]) == [.zero, .zero, .zero])
    }

    @Test("Decorrelated jitter never pauses less than its base, and at most three times its last pause")
    func decorrelatedBounds() {
        #expect(pauses(Self.decorrelated, draws: [0, 0]) == [.milliseconds(100), .milliseconds(100)])
        let highest = [100, 300, 900, 1000, 1000].map { TimeSpan.milliseconds($0) }
        #expect(pauses(Self.decorrelated, draws: Array(repeating: .max, count: 5)) == highest)
    }

    @Test("The last attempt allowed is the last attempt")
    func attempts() {
        var policy = Self.exponential
        policy.maximumAttempts = 3
        var machine = RetryMachine(policy: policy, startedAt: Self.start)
        #expect(machine.attemptFailed(at: Self.start, draw: 0) == .retry(at: Self.start))
        #expect(machine.attemptFailed(at: Self.start, draw: 0) == .retry(at: Self.start))
        #expect(machine.attemptFailed(at: Self.start, draw: 0) == .giveUp(.attemptsUsedUp))
        #expect(machine.attemptFailed(at: Self.start, draw: 0) == .giveUp(.attemptsUsedUp))
        #expect(machine.failures == 3)
    }

    @Test("No attempt starts after the total time, not even one that would fit but for its pause")
    func elapsed() {
        var policy = Self.exponential
        policy.maximumElapsed = .milliseconds(150)
        var machine = RetryMachine(policy: policy, startedAt: Self.start)
        let first = Self.start + .milliseconds(100)
        #expect(machine.attemptFailed(at: Self.start, draw: .max) == .retry(at: first))
        #expect(machine.attemptFailed(at: first, draw: .max) == .giveUp(.timeUsedUp))
    }

    @Test(
        "Hostile policies neither trap nor loop for ever",
        arguments: [
            RetryPolicy.Backoff.exponential(base: .seconds(Int64.max), cap: .seconds(Int64.max)),
            .exponential(base: .seconds(-1), cap: .seconds(-1)), .decorrelated(base: .seconds(5), cap: .zero),
            .decorrelated(base: .seconds(-5), cap: .seconds(Int64.max)),
        ])
    func hostile(backoff: RetryPolicy.Backoff) {
        let policy = RetryPolicy(backoff: backoff, maximumAttempts: .min, maximumElapsed: .seconds(Int64.max))
        var machine = RetryMachine(policy: policy, startedAt: Self.start)
        #expect(machine.attemptFailed(at: Self.start, draw: .max) == .giveUp(.attemptsUsedUp))
        var patient = policy
        patient.maximumAttempts = 200
        var walker = RetryMachine(policy: patient, startedAt: Self.start)
        for _ in 0..<199 {
            guard case .retry(let time) = walker.attemptFailed(at: Self.start, draw: .max) else { break }
            #expect(time >= Self.start)
        }
        #expect(walker.failures <= 200)
    }

    @Test("Random walks keep every pause within its bounds", arguments: 1...20 as ClosedRange<UInt64>)
    func walk(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for policy in [Self.exponential, Self.decorrelated] {
            let draws = (0..<19).map { _ in generator.next() }
            let walked = pauses(policy, draws: draws)
            #expect(walked.count == 19, "seed \(seed)")
            #expect(walked.allSatisfy { $0 >= .zero && $0 <= .seconds(1) }, "seed \(seed)")
        }
    }

    @Test("Full jitter spreads: of 1,000 clients no tenth of the span holds more than twice its share")
    func spread() {
        var generator = SeededGenerator(seed: 7)
        var buckets = Array(repeating: 0, count: 10)
        for _ in 0..<1_000 {
            let pause = pauses(Self.exponential, draws: [generator.next()])[0]
            buckets[min(9, Int(pause.nanoseconds / 10_000_000))] += 1
        }
        #expect(buckets.allSatisfy { $0 < 200 && $0 > 50 }, "\(buckets)")
    }
}
