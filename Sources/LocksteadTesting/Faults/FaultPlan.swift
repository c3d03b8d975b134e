/// Which faults happen on the way between a ``FaultyBackend`` and its engine: at calls named beforehand, by chance, or both.
///
/// A plan is a value: the same plan and the same order of calls give the same faults.
public struct FaultPlan: Sendable {
    /// What can go wrong with one call.
    public enum Fault: Sendable, Hashable {
        /// The request gets lost. Its sender cannot tell that from a lost answer: `indeterminate`.
        case drop
        /// The request arrives so much later; where that is beyond its deadline, never.
        case delay(Duration)
        /// The request arrives twice. Its sender is told the first answer.
        case duplicate
        /// The request arrives, and its answer gets lost: `indeterminate`.
        case loseAnswer
        /// The engine gives up this client's session before the request arrives: all its grants are gone.
        case loseSession
        /// This client is dead from here on. What it held stays with the engine until that notices.
        case die
    }

    /// What a client asks of an engine.
    public enum Call: String, Sendable, Hashable, CaseIterable {
        /// `acquire`.
        case acquire
        /// `renew`, however many grants it renews.
        case renew
        /// `release`.
        case release
        /// `cancel`.
        case cancel
        /// `downgrade`.
        case downgrade
        /// `handOver`.
        case handOver
        /// `inspect`.
        case inspect
        /// `list`.
        case list
        /// `forceRelease`.
        case forceRelease
        /// `load`, of a register.
        case load
        /// `store`, to a register.
        case store
    }

    /// How often each fault happens: from 0, never, which is the default, to 1, at every call.
    public struct Rates: Sendable, Hashable {
        /// Of ``Fault/drop``.
        public var drop = 0.0
        /// Of ``Fault/delay(_:)``.
        public var delay = 0.0
        /// The longest delay; 100 ms unless given.
        ///
        /// Delays are drawn evenly from nothing up to it.
        public var longestDelay = Duration.milliseconds(100)
        /// Of ``Fault/duplicate``.
        public var duplicate = 0.0
        /// Of ``Fault/loseAnswer``.
        public var loseAnswer = 0.0
        /// Of ``Fault/loseSession``.
        public var loseSession = 0.0
        /// Of ``Fault/die``.
        public var die = 0.0

        /// No faults; set what should happen.
        public init() {}
    }

    private struct Step: Hashable {
        var call: Call
        var number: Int
    }

    private var steps: [Step: Fault] = [:]
    private var counts: [Call: Int] = [:]
    private var rates: Rates?
    private var draw = SeededGenerator(seed: 0)

    /// Nothing goes wrong.
    public init() {}

    /// Faults by chance.
    ///
    /// - Parameters:
    ///   - seed: The same seed gives the same faults for the same order of calls; print it.
    ///   - rates: How often what happens. Of several faults that chance upon one call, the one that is named last in ``Rates`` happens.
    public init(seed: UInt64, rates: Rates) {
        (draw, self.rates) = (SeededGenerator(seed: seed), rates)
    }

    /// Has something go wrong with one certain call, whatever chance says of it.
    ///
    /// - Parameters:
    ///   - fault: What.
    ///   - call: Which sort of call.
    ///   - number: Which of these, the first being 1.
    /// - Returns: The plan with this step.
    public func adding(_ fault: Fault, at call: Call, number: Int = 1) -> FaultPlan {
        var plan = self
        plan.steps[Step(call: call, number: number)] = fault
        return plan
    }

    /// What happens to the next call.
    ///
    /// - Parameter call: Which sort of call it is.
    /// - Returns: The fault, or `nil` where all goes well.
    public mutating func next(_ call: Call) -> Fault? {
        counts[call, default: 0] += 1
        let drawn = drawFault()
        return steps[Step(call: call, number: counts[call, default: 0])] ?? drawn
    }

    /// Draws for every fault each time, so that one rate changes nothing about the others.
    private mutating func drawFault() -> Fault? {
        guard let rates else { return nil }
        let share = Double.random(in: 0..<1, using: &draw)
        let faults: [(Double, Fault)] = [
            (rates.drop, .drop), (rates.delay, .delay(rates.longestDelay * share)), (rates.duplicate, .duplicate),
            (rates.loseAnswer, .loseAnswer), (rates.loseSession, .loseSession), (rates.die, .die),
        ]
        var result: Fault?
        for (rate, fault) in faults where draw.chance(rate) { result = fault }
        return result
    }
}
