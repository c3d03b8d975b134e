import Lockstead
import Synchronization

extension SentinelClient {
    package func findings() -> [ServerFinding] {
        let now = context.time.now
        return state.withLock { state in
            guard let primary = state.primary?.endpoint else { return [] }
            return [Self.finding(state.machine, state.machine.doubt(about: primary, at: now), "\(primary)")]
        }
    }

    private static func finding(_ machine: SentinelMachine, _ doubt: String?, _ primary: String) -> ServerFinding {
        func finding(_ verdict: ServerFinding.Verdict, _ fact: String, _ advice: String?) -> ServerFinding {
            ServerFinding(subject: "sentinels", verdict: verdict, fact: fact, advice: advice)
        }
        let size = machine.size
        if let doubt { return finding(.warning, doubt, "look at the sentinels that are missing") }
        if size < 3 {
            return finding(.warning, "there are \(size) sentinels: none may be missing", "run three, on three machines")
        }
        if size.isMultiple(of: 2) {
            return finding(
                .warning, "there are \(size) sentinels: no more may be missing than of \(size - 1)", "run an odd number"
            )
        }
        return finding(.good, "most of \(size) sentinels confirm that \(primary) is the primary", nil)
    }
}
