import Jute
import Lockstead

// Who waits: a node in the queue of each name, all of one transaction.
extension ZooKeeperBackend {
    /// Between two attempts at an ensemble that does not answer.
    private static let retryPause = Duration.milliseconds(250)
    /// An ensemble that has not answered for so long ends the wait.
    private static let mostSilence = Duration.seconds(30)
    /// The longest time that a free lock with a waiter goes unnoticed, whatever was lost.
    ///
    /// Longer than RULES 20 has it: a watch of ZooKeeper is not lost with its connection.
    private static let roundTime = Duration.seconds(5)

    /// The first name that is not free, and what is in the way.
    private struct Obstacle {
        let index: Int
        let standing: QueueStanding
    }

    func queue(_ ask: Ask) async throws(LockError) -> AcquireOutcome {
        let begun = time.now
        while true {
            switch await place(ask, min(lookEnd(ask), patience)) {
            case .success(let place): return try await wait(ask, from: place)
            case .failure(.refused(let error)): throw error
            case .failure(.unanswered(let error)):
                let isSilent = begun.advanced(by: Self.mostSilence) < time.now
                // A server that is lost interrupts nothing, whether or not anything of the request was under way.
                let isOpen = ask.isDoubtful.isSet || error.code == .connectionLost
                let mayGoOn = isOpen && error.maySubside && !Task.isCancelled && !isSilent && !life.isOver
                if time.now >= ask.request.wait.deadline, error.code == .deadlineExceeded, ask.session.isConnected,
                    !Task.isCancelled
                {
                    // The ensemble lives and is slow: the wait is over, and the lock was not had in time.
                    _ = await withdraw(ask, nil)
                    return .busy(nil)
                }
                guard mayGoOn, time.now < ask.request.wait.deadline else { throw await given(up: ask, error) }
                await pause(until: ask)
            }
        }
    }

    /// Between two attempts, and no longer than the wait; a cancellation is looked at in the next round.
    private func pause(until ask: Ask) async {
        try? await time.sleep(until: min(ask.request.wait.deadline, time.now.advanced(by: Self.retryPause)))
    }

    /// Waits until granted, timed out, cancelled or refused.
    private func wait(_ ask: Ask, from first: Place) async throws(LockError) -> AcquireOutcome {
        var place = first
        // The usual case: nobody was there.
        guard let obstacle = try await obstacle(ask, place) else {
            if let proof = ask.session.proof, isFresh(proof, ask) { return try await accept(ask, place, proof) }
            return try await waitLong(ask, &place, nil)
        }
        return try await waitLong(ask, &place, obstacle)
    }

    private func waitLong(
        _ ask: Ask, _ place: inout Place, _ first: Obstacle?
    ) async throws(LockError) -> AcquireOutcome {
        let farewell = life.atEnd { ask.bell.ring() }
        ask.session.beginWait()
        let own = zip(ask.paths, place.own).map { ask.session.watch(.node, $0.contender($1), ask.bell) }
        defer {
            life.forgetFarewell(farewell)
            ask.session.endWait()
            for watch in own { ask.session.unwatch(watch) }
        }
        var (obstacle, failingSince) = (first, ContinuousTime?.none)
        while true {
            let isFirst = obstacle == nil
            do throws(ZooKeeperError) {
                if let obstacle {
                    try await sleep(ask, &place, obstacle, own)
                } else {
                    try await prove(ask, place)
                }
                failingSince = nil
            } catch {
                try await endure(error, ask, place, &failingSince)
            }
            if own.contains(where: { $0.happened == .deleted }) {
                throw await left(ask, place, .placeLost(of: ask.request))
            }
            obstacle = try await self.obstacle(ask, place)
            if obstacle == nil, !ask.session.isOver, let proof = ask.session.proof, isFresh(proof, ask) {
                return try await accept(ask, place, proof)
            }
            if let reason = reasonToLeave(ask) { throw await left(ask, place, reason) }
            if time.now >= ask.request.wait.deadline { return .busy(await leave(ask, place)) }
            // The leader has not heard of us for long, as after a pause: another transaction at once would prove no more.
            if isFirst, obstacle == nil { await pause(until: ask) }
        }
    }

    /// Whether the session was proved alive so late that the grant is worth having.
    private func isFresh(_ proof: ProofOfLife, _ ask: Ask) -> Bool {
        time.now < proof.touched.advanced(by: ask.request.lease * 2 / 3)
    }

    /// Has a majority say that the session lives and its nodes are there.
    private func prove(_ ask: Ask, _ place: Place) async throws(ZooKeeperError) {
        let checks = zip(ask.paths, place.own).map { ZKOperation.check(path: $0.contender($1), version: -1) }
        let answered = try await ask.session.ask(.multi(checks), until: min(lookEnd(ask), patience))
        guard case .parts(let parts) = answered.result, !parts.contains(.failed(.noNode)) else { throw .nodeRemoved }
    }

    /// Goes on after a failure that may pass.
    private func endure(
        _ error: ZooKeeperError, _ ask: Ask, _ place: Place, _ failingSince: inout ContinuousTime?
    ) async throws(LockError) {
        if error.code == .sessionExpired {
            forget(ask)
            throw .placeLost(of: ask.request)
        }
        // What is left of it in other queues goes, too.
        if error.code == .noNode { throw await left(ask, place, .placeLost(of: ask.request)) }
        let since = failingSince ?? time.now
        failingSince = since
        let isLast = time.now >= ask.request.wait.deadline || Task.isCancelled
        guard isLast || (error.maySubside && since.advanced(by: Self.mostSilence) > time.now) else {
            throw await given(up: ask, error, place)
        }
        if !isLast { await pause(until: ask) }
    }

    /// `nil` where all names are free.
    private func obstacle(_ ask: Ask, _ place: Place) async throws(LockError) -> Obstacle? {
        for (index, queue) in place.queues.enumerated() {
            let standing = QueueStanding(of: place.own[index].text, created: nil, in: queue)
            switch standing {
            case .granted: continue
            case .gone: throw await left(ask, place, .placeLost(of: ask.request))
            case .mismatch(let kind): throw await left(ask, place, LockError(Refusal.kindMismatch(kind)))
            case .behind, .short: return Obstacle(index: index, standing: standing)
            }
        }
        return nil
    }

    private func reasonToLeave(_ ask: Ask) -> LockError? {
        if Task.isCancelled { return .cancelledWait(for: ask.request) }
        if ask.session.isOver { return .placeLost(of: ask.request) }
        do throws(LockError) { try ensureRunning() } catch { return error }
        return nil
    }

    private func left(_ ask: Ask, _ place: Place, _ reason: LockError) async -> LockError {
        await withdraw(ask, place) ? reason : reason.with(effect: .mayHaveHappened)
    }

    // MARK: Asleep

    /// Returns when a look is due: what is waited for has happened, or a time has come.
    private func sleep(
        _ ask: Ask, _ place: inout Place, _ obstacle: Obstacle, _ own: [NodeWatch]
    ) async throws(ZooKeeperError) {
        switch obstacle.standing {
        case .behind(let other): try await sleep(ask, &place, obstacle.index, behind: other, own)
        default: try await sleepUntilChildrenChange(ask, &place, obstacle.index)
        }
    }

    /// Waits for the end of one node alone, so that a release wakes one waiter (R31).
    private func sleep(
        _ ask: Ask, _ place: inout Place, _ index: Int, behind other: String, _ own: [NodeWatch]
    ) async throws(ZooKeeperError) {
        let path = ask.paths[index].queue + "/" + other
        let watch = ask.session.watch(.node, path, ask.bell)
        defer { ask.session.unwatch(watch) }
        while !mustLook(ask), !own.contains(where: { $0.happened == .deleted }) {
            // Its own first, so that its end is told before that of the other.
            let calls = (own.filter { !$0.isSet }.map(\.path) + [path]).map {
                ask.session.send(.getData(path: $0, watch: true), until: min(lookEnd(ask), patience))
            }
            for watch in own { watch.isSet = true }
            for (number, call) in calls.enumerated() {
                do throws(ZooKeeperError) { _ = try await call.value(on: time).get() } catch {
                    guard error.code == .noNode else { throw error }
                    if number < calls.count - 1 { throw .nodeRemoved }
                    return try await left(other, ask, &place, index)
                }
            }
            await rest(ask, watch, own)
            // Where it was written, the watch is used up.
            if watch.happened == .deleted { return try await left(other, ask, &place, index) }
        }
    }

    /// The one that was waited for is gone: where others were before it, too, the queue says which of them are left.
    private func left(
        _ other: String, _ ask: Ask, _ place: inout Place, _ index: Int
    ) async throws(ZooKeeperError) {
        if !place.left(other, at: index) { try await read(ask, &place, index, watch: false) }
    }

    private func read(
        _ ask: Ask, _ place: inout Place, _ index: Int, watch: Bool
    ) async throws(ZooKeeperError) {
        let call = ask.session.send(
            .getChildren(path: ask.paths[index].queue, watch: watch), until: min(lookEnd(ask), patience))
        place.read(try await queue(call, of: ask.paths[index], on: ask.session, min(lookEnd(ask), patience)), at: index)
    }

    /// Until the watch tells something, the bell rings, or the round is over.
    private func rest(_ ask: Ask, _ watch: NodeWatch, _ own: [NodeWatch]) async {
        let end = min(ask.request.wait.deadline, time.now.advanced(by: Self.roundTime))
        while !mustLook(ask), time.now < end, !watch.take(), !ask.bell.isToLook(), own.allSatisfy(\.isSet) {
            // The loop looks at what ended it.
            _ = try? await ask.bell.signal.sleep(until: end, on: time)
        }
    }

    private func mustLook(_ ask: Ask) -> Bool {
        Task.isCancelled || time.now >= ask.request.wait.deadline || life.isOver || ask.session.isOver
    }

    /// Permits are short: whoever of the others leaves may change that.
    private func sleepUntilChildrenChange(
        _ ask: Ask, _ place: inout Place, _ index: Int
    ) async throws(ZooKeeperError) {
        let path = ask.paths[index].queue
        let watch = ask.session.watch(.children, path, ask.bell)
        defer { ask.session.unwatch(watch) }
        let own = place.own[index]
        while !mustLook(ask) {
            try await read(ask, &place, index, watch: true)
            if QueueStanding(of: own.text, created: nil, in: place.queues[index]) != .short { return }
            await rest(ask, watch, [])
        }
    }
}
