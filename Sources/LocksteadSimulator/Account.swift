import LockCore

/// Commands and answers in a line that a person can follow.
enum Account {
    static func of(_ command: Command) -> String {
        switch command {
        case .openSession(let open): "open \(short(open.session)) for \(seconds(open.timeToLive))"
        case .closeSession(let session): "close \(short(session))"
        case .renew(let session, let dedup): "renew \(short(session))\(of(dedup))"
        case .expire(let session, let generation): "expire \(short(session)) of generation \(generation)"
        case .acquire(let acquire): "acquire \(of(acquire))"
        case .cancel(let session, let request): "cancel request \(request.low) of \(short(session))"
        case .release(let release): "release \(of(release))"
        case .downgrade(let release): "downgrade \(of(release))"
        case .handOver(let hand):
            "hand over \(hand.name) token \(hand.token) of \(short(hand.session)) to \(of(hand.to))"
        case .validate(let name, let token): "validate \(name) token \(token)"
        case .forceRelease(let force): "force \(force.name)\(force.now ? " now" : "")"
        case .advance: "advance"
        default: "\(command)"
        }
    }

    static func of(_ names: [LockName]) -> String { names.map(\.text).joined(separator: "+") }

    static func of(_ answer: Answer) -> String {
        switch answer {
        case .granted(let grant): "granted token \(grant.token)"
        case .downgraded(let grant): "downgraded token \(grant.token)"
        case .refused(let refusal): "refused: \(refusal)"
        default: "\(answer)"
        }
    }

    private static func of(_ acquire: Command.Acquire) -> String {
        let names = acquire.names.map(\.text).joined(separator: "+")
        let wait =
            acquire.waitUntil.map { $0 == .distantFuture ? ", waits" : ", waits until \(seconds($0))" } ?? ", tries"
        return "\(names) \(acquire.mode) as request \(acquire.request.low) of owner \(acquire.owner.low) in "
            + "\(short(acquire.session))\(wait)\(terms(acquire))\(of(acquire.dedup))"
    }

    private static func terms(_ acquire: Command.Acquire) -> String {
        var text = acquire.fairness == .barging ? ", barging" : ""
        if acquire.priority != 0 { text += ", priority \(acquire.priority)" }
        if acquire.ifOwned != .wait { text += ", if owned: \(acquire.ifOwned)" }
        if acquire.lockDelay != .zero { text += ", lock-delay \(seconds(acquire.lockDelay))" }
        if acquire.minimumHold != .zero { text += ", held at least \(seconds(acquire.minimumHold))" }
        if let most = acquire.maximumHold { text += ", held at most \(seconds(most))" }
        return text
    }

    private static func of(_ release: Command.Release) -> String {
        "\(release.names.map(\.text).joined(separator: "+")) token \(release.token) of \(short(release.session))\(of(release.dedup))"
    }

    private static func of(_ dedup: Dedup?) -> String {
        dedup.map { ", sequence \($0.sequence) (done through \($0.doneThrough))" } ?? ""
    }

    static func short(_ session: SessionID) -> String { "session \(session.low)" }

    static func seconds(_ span: TimeSpan) -> String { seconds(span.nanoseconds) }
    static func seconds(_ time: LogTime) -> String { seconds(time.nanoseconds) }
    static func seconds(_ nanoseconds: Int64) -> String {
        let sign = nanoseconds < 0 ? "-" : ""
        let (whole, rest) = (nanoseconds.magnitude / 1_000_000_000, nanoseconds.magnitude / 1_000_000 % 1_000)
        let digits = String(rest)
        return "\(sign)\(whole).\(String(repeating: "0", count: 3 - digits.count))\(digits) s"
    }
}
