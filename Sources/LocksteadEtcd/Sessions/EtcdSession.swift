import Lockstead
import Synchronization

/// One lease of etcd, on which all requests and grants of one lease duration rest.
final class EtcdSession: Sendable {
    /// How a sign of life went.
    enum Refresh: Sendable {
        case alive(armedAt: ContinuousTime)
        case gone
        case unknown(EtcdError)

        /// Whether it says the same to everybody who asked at that time.
        var isAnswer: Bool { if case .unknown = self { false } else { true } }
    }

    let id: LeaseID
    /// What it was asked for, in whole seconds.
    let seconds: Int64
    private let machine: Mutex<SessionMachine>
    private let attempt = SharedAttempt<Refresh>()
    private let users = Tally()
    private let asking = Tally()
    private let marks = Tally()
    /// Rung when somebody begins to wait on it, and when it has ended.
    let changed = WakeSignal()

    /// What was asked for counts, however much more the cluster gave.
    init(_ id: LeaseID, seconds: Int64, armedAt: ContinuousTime) {
        (self.id, self.seconds) = (id, seconds)
        machine = Mutex(SessionMachine(span: .seconds(seconds), armedAt: armedAt))
    }

    var state: SessionMachine { machine.withLock { $0 } }
    var armedAt: ContinuousTime { state.armedAt }

    func ended() {
        machine.withLock { $0.ended() }
        changed.ring()
    }

    /// Gives a sign of life; at most one is under way (RULES 2), and whoever comes meanwhile shares its answer.
    func refresh(_ client: EtcdClient, until deadline: ContinuousTime) async -> Refresh {
        let result = await attempt.value(until: deadline, on: client.time, isFinal: \.isAnswer) {
            await self.keepAlive(client, deadline)
        }
        return result
            ?? .unknown(
                EtcdError(
                    .deadlineExceeded, "The lease's sign of life was not answered in time.", effect: .mayHaveHappened))
    }

    private func keepAlive(_ client: EtcdClient, _ deadline: ContinuousTime) async -> Refresh {
        var request = Etcdserverpb_LeaseKeepAliveRequest()
        request.id = id.rawValue
        let sent = client.time.now
        do throws(EtcdError) {
            let answer = try await client.ask(request, deadline: deadline, .urgent).answer
            guard answer.ttl > 0 else {
                ended()
                return .gone
            }
            let isGone = machine.withLock { machine in
                machine.keptAlive(sent: sent)
                return machine.isGone
            }
            return isGone ? .gone : .alive(armedAt: sent)
        } catch {
            guard error.code == .noSuchLease else { return .unknown(error) }
            ended()
            return .gone
        }
    }

    // MARK: What lies on it

    /// With more keys its end would be one huge transaction, and until then they would fill the store.
    private static let mostMarks = 5_000

    /// One more key that stays as long as the lease does.
    func marked() { marks.add(1) }

    /// Whether something new may rest on it.
    func isUsable(at now: ContinuousTime) -> Bool { state.isUsable(at: now) && marks.value < Self.mostMarks }

    // MARK: Who rests on it

    var isIdle: Bool { users.value == 0 }
    func enter() { users.add(1) }
    func leave() { users.add(-1) }

    /// Whether somebody waits who renews nothing yet.
    var isAwaited: Bool { asking.value > 0 }

    func beginWait() {
        asking.add(1)
        changed.ring()
    }

    func endWait() { asking.add(-1) }
}
