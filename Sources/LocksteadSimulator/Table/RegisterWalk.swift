import LockCore
import SeededRandom

/// What a walk does to registers: sensible and hostile stores, drawn apart from its other commands.
struct RegisterWalk {
    private var draw: SeededGenerator

    init(seed: UInt64) { draw = SeededGenerator(seed: seed ^ 0x5245_4749) }

    /// Whether the next step is one of these.
    mutating func isNext() -> Bool { Int.random(in: 0..<100, using: &draw) < 12 }

    /// A store under the token of a grant, mostly a recent one.
    mutating func command(_ grants: [GrantRecord], _ table: LockTable) -> Command {
        guard let grant = grant(among: grants), let name = grant.names.randomElement(using: &draw) else {
            return .store(.init(name: .vacant, token: FencingToken(rawValue: 1), content: .unchanged))
        }
        var token = grant.token
        if chance(3) { token = FencingToken(rawValue: UInt64.random(in: 0...9_000, using: &draw)) }
        return .store(.init(name: name, token: token, content: content(), after: revision(table.register(of: name))))
    }

    private mutating func grant(among grants: [GrantRecord]) -> GrantRecord? {
        chance(60) ? grants.last : grants.randomElement(using: &draw)
    }

    private mutating func content() -> RegisterContent {
        switch Int.random(in: 0..<10, using: &draw) {
        case 0..<2: .nothing
        case 2..<4: .unchanged
        case 4: .value([UInt8](repeating: 7, count: Limits.registerBytes + Int.random(in: 0...1, using: &draw)))
        default:
            .value(
                [UInt8.random(in: 0...3, using: &draw)],
                keptFor: chance(50) ? .milliseconds(Int64.random(in: 0...3_000, using: &draw)) : nil)
        }
    }

    private mutating func revision(_ present: RegisterView) -> RegisterRevision? {
        switch Int.random(in: 0..<10, using: &draw) {
        case 0..<4: nil
        case 4..<8: present.revision
        case 8: .vacant
        default: RegisterRevision(rawValue: UInt64.random(in: 0...40, using: &draw))
        }
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &draw) < percent }
}
