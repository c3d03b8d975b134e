import Lockstead

/// Which primary the sentinels agree upon, and how sure that is.
///
/// A failover takes a majority of the sentinels, so as long as a majority names a server, and has done so a moment ago, no other one
/// was made primary behind our back. Where that cannot be said, the primary is in doubt: it may be cut off with us from all others, and
/// what it confirms is worth nothing.
struct SentinelMachine: Sendable {
    /// Each sentinel by its own id, or by its configured address where it does not tell one.
    typealias Voice = String

    private struct Heard: Sendable {
        var opinion: SentinelOpinion
        var at: ContinuousTime
    }

    /// For so long what a sentinel has said counts: three rounds of asking.
    static let fresh = Duration.milliseconds(1_500)
    /// For so long after that what it said of the number of sentinels does.
    static let remembered = Duration.seconds(30)
    /// Between two rounds.
    static let interval = Duration.milliseconds(500)

    private var heard: [Voice: Heard] = [:]
    private var failures: [Voice: RedisError] = [:]
    /// How many we were told of; there may be more.
    private let configured: Int

    init(configured: Int) { self.configured = configured }

    /// A sentinel answered what it was asked at `now`: its answer may be much later, and speaks of no time after it was given.
    mutating func heard(_ opinion: SentinelOpinion, from voice: Voice, at now: ContinuousTime) {
        failures[voice] = nil
        // A late answer says less than one that was asked for after it.
        guard heard[voice].map({ $0.at <= now }) ?? true else { return }
        heard[voice] = Heard(opinion: opinion, at: now)
    }

    /// A sentinel says that it has made or learnt of another primary.
    mutating func heardSwitch(to primary: RedisEndpoint, from voice: Voice, at now: ContinuousTime) {
        guard var opinion = heard[voice]?.opinion, opinion.primary != primary else { return }
        (opinion.primary, opinion.epoch) = (primary, opinion.epoch.saturatingAdding(1))
        heard[voice] = Heard(opinion: opinion, at: now)
    }

    /// A sentinel could not be asked, or does not know the primary.
    mutating func failed(_ error: RedisError, at voice: Voice) { failures[voice] = error }

    /// A sentinel turned out to be one that is known under another voice.
    mutating func forget(_ voice: Voice) {
        heard[voice] = nil
        failures[voice] = nil
    }

    /// When the last answer was asked for that came.
    var latest: ContinuousTime? { heard.values.lazy.map(\.at).max() }

    /// A sentinel fell silent, unless it was heard since.
    mutating func forget(_ voice: Voice, heardBefore moment: ContinuousTime) {
        if heard[voice].map({ $0.at <= moment }) ?? true { forget(voice) }
    }

    /// How many sentinels there are, as far as anybody has said; what one of them said that fell silent long before the others does not
    /// count, so that sentinels can be taken away.
    var size: Int {
        guard let latest else { return configured }
        let told = heard.values.lazy.filter { latest < $0.at.advanced(by: Self.remembered) }.map(\.opinion.sentinels)
        return max(configured, told.max() ?? 0)
    }

    /// Since when, at the latest, a majority has confirmed a primary; `nil` where none has.
    func confirmed(_ primary: RedisEndpoint) -> ContinuousTime? {
        let moments = heard.values.filter { $0.opinion.isSure && $0.opinion.primary == primary }.map(\.at)
        let needed = size / 2
        return moments.count > needed ? moments.sorted(by: >)[needed] : nil
    }

    private func fresh(at now: ContinuousTime) -> [SentinelOpinion] {
        heard.values.filter { now < $0.at.advanced(by: Self.fresh) }.map(\.opinion)
    }

    /// The primary that a majority of all sentinels named a moment ago.
    func agreed(at now: ContinuousTime) -> RedisEndpoint? {
        let opinions = fresh(at: now).filter(\.isSure)
        let votes = Dictionary(opinions.map { ($0.primary, 1) }, uniquingKeysWith: +)
        return votes.first { $0.value > size / 2 }?.key
    }

    /// Why a primary may not be the one any more that others use; `nil` where nothing speaks for that.
    func doubt(about primary: RedisEndpoint, at now: ContinuousTime) -> String? {
        let opinions = fresh(at: now)
        let supporters = opinions.filter { $0.isSure && $0.primary == primary }
        guard supporters.count > size / 2 else {
            return
                "\(supporters.count) of \(size) sentinels confirm that \(primary) is the primary, which is no majority"
        }
        // The first one to know of a failover is the one that made it.
        let epoch = supporters.map(\.epoch).max() ?? 0
        guard let newer = opinions.first(where: { $0.primary != primary && $0.epoch > epoch }) else { return nil }
        return "a sentinel names \(newer.primary) as the primary instead of \(primary)"
    }

    /// Why no primary is about to be found; `nil` while a sentinel has yet to be heard.
    var hopelessness: RedisError? {
        failures.count >= configured && heard.isEmpty ? failures.min { $0.key < $1.key }?.value : nil
    }
}
