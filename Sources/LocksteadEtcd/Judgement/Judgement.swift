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
        /// Whether those who did not answer are asked again.
        var isAsking = false
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

    /// Members said which version they are, while one of them served us.
    ///
    /// - Returns: Whether somebody is to ask those who have not said it yet; told once.
    func saw(_ versions: [Int: EtcdVersion], in turn: Int, of count: Int) -> Bool {
        state.withLock { state in
            state.turn = turn
            state.versions.merge(versions) { $1 }
            guard state.versions.count < count, !state.isAsking else { return false }
            state.isAsking = true
            return true
        }
    }

    /// The members of so many that have never said which version they are.
    func unseen(of count: Int) -> [Int] { state.withLock { state in (0..<count).filter { state.versions[$0] == nil } } }

    func saw(_ version: EtcdVersion, of member: Int) { state.withLock { $0.versions[member] = version } }
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
            throw .cancelledBeforeAsking
        case nil:
            throw LockError(.engineUnavailable, "The cluster did not answer in time. Ask again.", effect: .didNotHappen)
        }
    }

    /// Asks the member that serves us for its version, and the others as far as they answer at once.
    private func look(_ deadline: ContinuousTime) async -> EtcdError? {
        let turn = client.current().turn
        if judgement.isJudged(in: turn) { return nil }
        let first: EtcdClient.Answered<Etcdserverpb_StatusResponse>
        do throws(EtcdError) {
            first = try await client.ask(Etcdserverpb_StatusRequest(), deadline: deadline)
        } catch { return error }
        // Whoever is slow must not use up the time of a short call.
        let share = min(Self.shareOfOne, time.now.duration(to: deadline) / 4)
        let others = client.members.indices.filter { $0 != first.member }
        var versions = await self.versions(of: others, time.now.advanced(by: share))
        versions[first.member] = EtcdVersion(told: first.answer.version)
        let isIncomplete = judgement.saw(versions, in: turn, of: client.members.count)
        if isIncomplete { life.add { [self] in await askTheOthers() } }
        if let oldest = judgement.oldest, !oldest.keepsLeases { warn(of: oldest) }
        return nil
    }

    /// So often a member that has not said its version yet is asked again.
    private static let pauseOfQuestions = Duration.seconds(2)

    /// One that was down, or slow, when the others were judged may be the oldest, and lead later.
    private func askTheOthers() async {
        while !life.isOver, !Task.isCancelled {
            let unseen = judgement.unseen(of: client.members.count)
            guard !unseen.isEmpty else { return }
            let deadline = time.now.advanced(by: Self.pauseOfQuestions)
            for (member, version) in await versions(of: unseen, deadline) {
                judgement.saw(version, of: member)
                if !version.keepsLeases { warn(of: version) }
            }
            await pause(Self.pauseOfQuestions)
        }
    }

    private func versions(of members: [Int], _ deadline: ContinuousTime) async -> [Int: EtcdVersion] {
        await withTaskGroup(of: (Int, EtcdVersion?).self) { group in
            for index in members {
                group.addTask { [client] in
                    let request = Etcdserverpb_StatusRequest()
                    // Who does not answer is not judged.
                    let answer = try? await client.ask(client.members[index], request, deadline)
                    return (index, answer.map { EtcdVersion(told: $0.version) })
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
