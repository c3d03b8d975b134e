package import LockCore
import SeededRandom

/// How fast the lock rules are: commands drawn as cheaply as can be, applied to one table on one core.
package enum TableSpeed {
    /// What was measured.
    package struct Measurement: Sendable {
        /// How many commands were applied.
        package var steps: Int
        /// How long that took.
        package var duration: Duration
        /// After how many steps the invariants were looked at.
        package var checkEvery: Int
    }

    /// A table under uncontended and contended acquires, releases, tries, renewals and validations.
    package struct Load {
        /// The table as it stands.
        package private(set) var table = LockTable()
        private var draw: SeededGenerator
        private var now = LogTime.zero
        private var held: [GrantRecord] = []
        private var effects: [Effect] = []
        private var requests: UInt64 = 0
        private static let sessions = (1...16 as ClosedRange<UInt64>).map { SessionID(high: 1, low: $0) }
        // Texts that are names.
        private static let names = (0..<64).compactMap { try? LockName("speed/\($0)") }.map { [$0] }

        /// Begins with sixteen sessions and nothing held.
        package init(seed: UInt64) {
            draw = SeededGenerator(seed: seed)
            for session in Self.sessions { apply(.openSession(.init(session: session, timeToLive: .seconds(30)))) }
        }

        @discardableResult
        private mutating func apply(_ command: Command) -> Answer {
            effects.removeAll(keepingCapacity: true)
            let answer = table.apply(command, at: now, effects: &effects)
            for case .granted(let grant) in effects { held.append(grant) }
            return answer
        }

        /// One command.
        package mutating func step() {
            let draw = draw.next()
            now = now + TimeSpan(nanoseconds: Int64(draw & 0xFFFFF))
            let session = Self.sessions[Int(draw >> 20 & 15)]
            switch draw >> 56 & 31 {
            case 0: apply(.renew(session))
            case 1: apply(.advance)
            case 2..<17 where held.count < 48: apply(.acquire(acquire(draw, session)))
            default: release(draw)
            }
        }

        private mutating func acquire(_ draw: UInt64, _ session: SessionID) -> Command.Acquire {
            requests += 1
            return Command.Acquire(
                session: session, request: RequestID(high: 0, low: requests), owner: OwnerID(high: 0, low: requests),
                names: Self.names[Int(draw >> 24 & 63)], mode: draw >> 32 & 7 == 0 ? .shared : .exclusive,
                // Some wait, most only try.
                waitUntil: draw >> 36 & 7 == 0 ? now + .seconds(1) : nil)
        }

        private mutating func release(_ draw: UInt64) {
            guard !held.isEmpty else {
                apply(.advance)
                return
            }
            let grant = held.swapRemove(Int(draw >> 40 & 0xFFFF) % held.count)
            apply(.release(.init(session: grant.session, names: grant.names, token: grant.token)))
        }
    }

    /// Measures for about three seconds.
    ///
    /// - Parameter checkEvery: After how many steps the table's invariants are looked at.
    /// - Returns: What was measured; an invariant that is broken traps, since a speed of wrong results is none.
    package static func measure(checkEvery: Int) -> Measurement {
        var load = Load(seed: 1)
        let clock = ContinuousClock()
        let start = clock.now
        var steps = 0
        while clock.now - start < .seconds(3) {
            for _ in 0..<checkEvery { load.step() }
            steps += checkEvery
            let problem = load.table.invariantViolation()
            precondition(problem == nil, problem ?? "")
        }
        return Measurement(steps: steps, duration: clock.now - start, checkEvery: checkEvery)
    }
}

extension Array {
    /// Takes an element out; the last one takes its place.
    fileprivate mutating func swapRemove(_ index: Int) -> Element {
        swapAt(index, count - 1)
        return removeLast()
    }
}
