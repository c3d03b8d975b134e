import Lockstead
import Logging
import Synchronization

/// What the members' versions make of the guarantee, as far as they are known.
final class Judgement: Sendable {
    private struct State {
        /// By the members' numbers: one that does not answer is still what it was.
        var versions: [Int: EtcdVersion] = [:]
        /// The turn of members that it was judged in; another member may be another version.
        var turn: Int?
    }

    private let state = Mutex(State())
    let attempt = SharedAttempt<EtcdError?>()

    /// Of the oldest version seen; before any was seen, that of current ones.
    var guarantee: Guarantee {
        oldest?.guarantee
            ?? Guarantee(exclusion: .linearizable, scope: .cluster, fencing: .monotonic)
    }

    var oldest: EtcdVersion? { state.withLock { $0.versions.values.min() } }

    func isJudged(in turn: Int) -> Bool { state.withLock { $0.turn == turn } }

    func saw(_ versions: [Int: EtcdVersion], in turn: Int) {
        state.withLock { state in
            state.turn = turn
            state.versions.merge(versions) { $1 }
        }
    }
}

extension EtcdBackend {
    /// For so long a member that is not asked for locks is waited for.
    private static let shareOfOne = Duration.milliseconds(500)

    /// Looks at the members before the first lock is asked for, and whenever another one is asked from then on.
    func judge(until deadline: ContinuousTime) async throws(LockError) {
        let turn = client.current().turn
        guard !judgement.isJudged(in: turn) else { return }
        let limit = limit(deadline)
        let failure = await judgement.attempt.value(until: limit, on: time, isFinal: { $0 == nil }) {
            await self.look(limit)
        }
        switch failure {
        case .some(nil): return
        case .some(let error?): throw Self.notAsked(error)
        case nil where Task.isCancelled:
            throw LockError(.cancelled, "The task was cancelled before it asked for the lock.", effect: .didNotHappen)
        case nil:
            throw LockError(.engineUnavailable, "The cluster did not answer in time. Ask again.", effect: .didNotHappen)
        }
    }

    /// Asks the member that serves us for its version, and the others as far as they answer at once.
    private func look(_ deadline: ContinuousTime) async -> EtcdError? {
        if judgement.isJudged(in: client.current().turn) { return nil }
        let first: String
        do throws(EtcdError) {
            first = try await client.ask(Etcdserverpb_StatusRequest(), deadline: deadline).answer.version
        } catch { return error }
        let (_, number, turn) = client.current()
        // Whoever is slow must not use up the time of a short call.
        let share = min(Self.shareOfOne, time.now.duration(to: deadline) / 4)
        let others = await otherVersions(than: number, time.now.advanced(by: share))
        judgement.saw(others.merging([number: first]) { $1 }.compactMapValues { EtcdVersion($0) }, in: turn)
        if let oldest = judgement.oldest, !oldest.keepsLeases { warn(of: oldest) }
        return nil
    }

    private func otherVersions(than number: Int, _ deadline: ContinuousTime) async -> [Int: String] {
        await withTaskGroup(of: (Int, String?).self) { group in
            for (index, member) in client.members.enumerated() where index != number {
                group.addTask { [client] in
                    // Who does not answer is not judged.
                    (index, try? await client.ask(member, Etcdserverpb_StatusRequest(), deadline).version)
                }
            }
            return await group.reduce(into: [:]) { versions, version in versions[version.0] = version.1 }
        }
    }

    private func warn(of version: EtcdVersion) {
        logger.warning(
            "A member of the cluster may drop live leases, so that its locks are advisory",
            metadata: ["version": "\(version)", "advice": "update to 3.4.38, 3.5.23, 3.6.5 or later"])
    }
}
