import Lockstead
import Synchronization

/// The sessions of one client: one for each lease duration, at most four at once (RULES 15).
final class SessionBook: Sendable {
    /// RULES 15.
    static let most = 4

    private let client: EtcdClient
    private let sessions = Mutex<[Int64: EtcdSession]>([:])
    private let openings = Mutex<[Int64: SharedAttempt<Result<EtcdSession, LockError>>]>([:])
    /// Told of each new session.
    private let opened: @Sendable (EtcdSession, _ revision: Int64) -> Void

    init(_ client: EtcdClient, opened: @escaping @Sendable (EtcdSession, _ revision: Int64) -> Void) {
        (self.client, self.opened) = (client, opened)
    }

    /// Etcd counts leases in whole seconds; what is between is kept a little longer.
    static func seconds(of lease: Duration) -> Int64 {
        let (seconds, attoseconds) = lease.components
        return seconds + (attoseconds > 0 ? 1 : 0)
    }

    /// A session that certainly lives, with one more user, whom the caller has leave it.
    func enter(for lease: Duration, until deadline: ContinuousTime) async throws(LockError) -> EtcdSession {
        let seconds = Self.seconds(of: lease)
        while true {
            if let session = usable(seconds) { return session }
            let opening = openings.withLock { openings in
                let opening = openings[seconds] ?? SharedAttempt()
                openings[seconds] = opening
                return opening
            }
            let result = await opening.value(until: deadline, on: client.time, isFinal: \.isSuccess) {
                await self.open(seconds, deadline)
            }
            guard let result else { throw Self.unopened(isCancelled: Task.isCancelled) }
            _ = try result.get()
        }
    }

    private func usable(_ seconds: Int64) -> EtcdSession? {
        let now = client.time.now
        return sessions.withLock { sessions in
            guard let session = sessions[seconds], session.isUsable(at: now) else { return nil }
            session.enter()
            return session
        }
    }

    private static func unopened(isCancelled: Bool) -> LockError {
        isCancelled
            ? .cancelledBeforeAsking
            : LockError(.engineUnavailable, "The cluster gave no lease in time. Ask again.", effect: .didNotHappen)
    }

    private func open(_ seconds: Int64, _ deadline: ContinuousTime) async -> Result<EtcdSession, LockError> {
        // Another may have opened it between our look and our turn.
        let now = client.time.now
        if let session = sessions.withLock({ $0[seconds] }), session.isUsable(at: now) {
            return .success(session)
        }
        guard makeRoom(for: seconds) else { return .failure(LockError(Refusal.tooManySessions)) }
        do throws(EtcdError) {
            let (session, revision) = try await grant(seconds, deadline)
            sessions.withLock { $0[seconds] = session }
            opened(session, revision)
            return .success(session)
        } catch {
            var error = error
            // The lock itself was not asked for; a lease without keys ends by itself.
            error.effect = .didNotHappen
            return .failure(LockError(error))
        }
    }

    /// Whether there is room for one more, where need be by giving up one that nobody uses: it ends by itself.
    private func makeRoom(for seconds: Int64) -> Bool {
        sessions.withLock { sessions in
            guard sessions[seconds] == nil, sessions.count >= Self.most else { return true }
            guard let idle = sessions.first(where: { $0.value.isIdle }) else { return false }
            sessions[idle.key] = nil
            return true
        }
    }

    /// At the end: the leases that nothing is held by are revoked, and with them goes what lies on them.
    ///
    /// Those that cannot be told in time run out.
    func giveBack(until deadline: ContinuousTime) async {
        let idle = sessions.withLock { sessions in sessions.values.filter { $0.isIdle && !$0.state.isGone } }
        guard !idle.isEmpty else { return }
        await shieldedFromCancellation { [client] in
            await withDiscardingTaskGroup { group in
                for session in idle {
                    group.addTask {
                        var request = Etcdserverpb_LeaseRevokeRequest()
                        request.id = session.id.rawValue
                        // It runs out by itself.
                        _ = try? await client.ask(request, deadline: deadline, .urgent)
                    }
                }
            }
        }
    }

    /// The id is ours, so that an attempt whose answer was lost is found again.
    private func grant(
        _ seconds: Int64, _ deadline: ContinuousTime
    ) async throws(EtcdError) -> (EtcdSession, revision: Int64) {
        var request = Etcdserverpb_LeaseGrantRequest()
        (request.id, request.ttl) = (Int64.random(in: 1...Int64.max), seconds)
        let sent = client.time.now
        do throws(EtcdError) {
            let answer = try await client.ask(request, deadline: deadline).answer
            guard answer.ttl >= seconds else {
                throw EtcdError(
                    .refused, "The cluster gave a lease of \(answer.ttl) s instead of \(seconds) s.",
                    effect: .didNotHappen)
            }
            return (
                EtcdSession(LeaseID(rawValue: request.id), seconds: seconds, armedAt: sent),
                answer.header.revision
            )
        } catch {
            // An earlier attempt made it, no earlier than it was sent; its revision is unknown, and nothing is told of it yet.
            guard error.code == .leaseExists else { throw error }
            return (EtcdSession(LeaseID(rawValue: request.id), seconds: seconds, armedAt: sent), 0)
        }
    }
}

extension Result {
    fileprivate var isSuccess: Bool { if case .success = self { true } else { false } }
}
