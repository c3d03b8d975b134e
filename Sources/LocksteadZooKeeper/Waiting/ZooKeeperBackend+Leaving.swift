import Jute
package import Lockstead
import Synchronization

// R26: whoever gives up takes its nodes out of the queues.
extension ZooKeeperBackend {
    /// What a call may take in all beyond its deadline, less what it takes to return (L5: 100 ms).
    private static let lastMoment = Duration.milliseconds(90)

    /// Takes the request back.
    ///
    /// Not cancellable, and short: what has no answer at once is tried again in the background.
    ///
    /// - Returns: Whether a server has answered that it is so.
    func withdraw(_ ask: Ask, _ place: Place?) async -> Bool {
        await withdraw(Withdrawal(ask, place), until: leaveEnd(ask))
    }

    /// The wait is over: leaves, and says who is in the way.
    func leave(_ ask: Ask, _ place: Place) async -> LockDescription? {
        let end = leaveEnd(ask)
        async let blocker = shieldedFromCancellation { await self.blocker(of: ask, end) }
        let isBack = await withdraw(Withdrawal(ask, place), until: end)
        let found = await blocker
        return isBack ? found : nil
    }

    private func leaveEnd(_ ask: Ask) -> ContinuousTime {
        let usual = time.now.advanced(by: Self.lastWord)
        guard case .until(let deadline) = ask.request.wait else { return usual }
        return max(min(usual, deadline.advanced(by: Self.lastMoment)), time.now.advanced(by: .milliseconds(20)))
    }

    /// What is to be taken away of one request.
    struct Withdrawal: Sendable {
        let request: RequestID
        let session: ZooKeeperSession
        let paths: [LockPaths]
        let start: String
        /// Its nodes, where they are known.
        let own: [String]?

        init(request: RequestID, session: ZooKeeperSession, paths: [LockPaths], start: String) {
            (self.request, self.session, self.paths, self.start, own) = (request, session, paths, start, nil)
        }

        init(_ ask: Ask, _ place: Place?) {
            (request, session, paths, start) = (ask.request.id, ask.session, ask.paths, ask.start)
            own = place.map { place in zip(ask.paths, place.own).map { $0.contender($1) } }
        }
    }

    private func withdraw(_ withdrawal: Withdrawal, until deadline: ContinuousTime) async -> Bool {
        sent.withLock { $0.withdrawn(withdrawal.request, under: withdrawal.session) }
        let isDone = await shieldedFromCancellation { await self.takeAway(withdrawal, until: deadline) == nil }
        if isDone {
            drop(withdrawal.request, under: withdrawal.session)
        } else {
            life.add { [self] in await carryOut(withdrawal) }
        }
        return isDone
    }

    /// Until it is done, or the session is over and its nodes with it.
    private func carryOut(_ withdrawal: Withdrawal) async {
        while !withdrawal.session.isOver, !life.isOver {
            if await takeAway(withdrawal, until: patience) == nil { break }
            await pause(.milliseconds(100))
        }
        drop(withdrawal.request, under: withdrawal.session)
    }

    /// Deletes a request's nodes, which are nobody else's: those that are known, or all that bear its id.
    ///
    /// - Returns: What kept it from being done; `nil` where it is.
    private func takeAway(_ withdrawal: Withdrawal, until deadline: ContinuousTime) async -> ZooKeeperError? {
        let session = withdrawal.session
        do throws(ZooKeeperError) {
            let nodes = if let own = withdrawal.own { own } else { try await self.nodes(of: withdrawal, deadline) }
            let calls = nodes.map { session.send(.delete(path: $0), until: deadline) }
            for call in calls {
                do throws(ZooKeeperError) { _ = try await call.value(on: time).get() } catch {
                    guard error.code == .noNode else { throw error }
                }
            }
            return nil
        } catch { return error.code == .sessionExpired ? nil : error }
    }

    private func nodes(
        of withdrawal: Withdrawal, _ deadline: ContinuousTime
    ) async throws(ZooKeeperError) -> [String] {
        let queues = try await freshQueues(of: withdrawal.paths, on: withdrawal.session, deadline)
        var nodes: [String] = []
        for (paths, queue) in zip(withdrawal.paths, queues) {
            nodes += try await self.nodes(
                beginning: withdrawal.start, in: queue, of: paths, on: withdrawal.session, deadline
            ).map { paths.contender($0.name) }
        }
        return nodes
    }

    package func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        guard let session = sent.withLock({ $0[request.id] }) else { return }
        let withdrawal = Withdrawal(
            request: request.id, session: session, paths: request.names.map(naming.paths),
            start: engine.layout.start(of: request.id))
        guard await !withdraw(withdrawal, until: limit(deadline)) else { return }
        throw LockError(
            .indeterminate, "The ensemble did not answer to the withdrawal. It is repeated until the session ends.",
            effect: .mayHaveHappened)
    }

    /// Nothing of the request is there any more.
    private func drop(_ request: RequestID, under session: ZooKeeperSession) {
        sent.withLock { $0.forget(request, under: session) }
        let hold = holds.withLock { holds in
            holds[request].flatMap { $0.session === session ? holds.remove(request, created: $0.created) : nil }
        }
        hold?.session.leave()
    }
}
