import Lockstead
import Logging
import RESP
import Synchronization

extension RedlockBackend {
    /// How long one node may take to say what it is.
    private static let judging = Duration.seconds(1)
    /// Between two looks at a node that does not vote.
    private static let lookAgain = Duration.milliseconds(100)
    /// Between two attempts to tell a node what it is owed.
    private static let settling = Duration.seconds(1)

    /// Keeps looking at a node while it does not vote, and tells it what it is owed once it does.
    func keep(_ node: RedlockNode) async {
        while !Task.isCancelled {
            if node.isFit {
                await settle(node)
                let next = node.debts.isEmpty ? nil : time.now.advanced(by: Self.settling)
                // Ended by its cancellation, as the loop.
                _ = try? await node.attention.sleep(until: next, on: time)
            } else {
                await judge(node)
                // Ended by its cancellation, as the loop.
                if !node.isFit { _ = try? await time.sleep(until: time.now.advanced(by: Self.lookAgain)) }
            }
        }
    }

    private func judge(_ node: RedlockNode) async {
        let doubts = node.doubts
        do throws(LockError) {
            try await node.single.judge(until: time.now.advanced(by: Self.judging))
            await loadScripts(of: node)
            node.stand(.fit, since: doubts)
        } catch {
            note(error, of: node)
            node.stand(error.code == .unsuitableStorage ? .unfit(error) : .unreachable(error), since: doubts)
        }
        standings.ring()
    }

    /// So that no first use takes two exchanges, which a release could overtake; where it fails, the first use brings the script.
    private func loadScripts(of node: RedlockNode) async {
        let commands = RedlockScripts.all.map { RedisCommand("SCRIPT", "LOAD", $0.source) }
        _ = await node.client.pipeline(commands, deadline: time.now.advanced(by: Self.judging))
    }

    /// Logged once for each reason, not at every look.
    private func note(_ error: LockError, of node: RedlockNode) {
        if Task.isCancelled || node.problem?.code == error.code { return }
        let metadata: Logger.Metadata = ["endpoint": "\(node.endpoint)", "error": "\(error.message)"]
        if error.code == .unsuitableStorage {
            logger.error("A Redlock node has no vote: it would lose locks by itself", metadata: metadata)
        } else {
            logger.notice("A Redlock node has no vote: it cannot be asked", metadata: metadata)
        }
    }

    /// Tells a node what it missed, for as long as it listens.
    private func settle(_ node: RedlockNode) async { while await settleSome(node), !Task.isCancelled {} }

    /// - Returns: Whether some of it was told, and nothing failed.
    private func settleSome(_ node: RedlockNode) async -> Bool {
        let owed = node.debts.take(100, at: time.now)
        guard !owed.isEmpty else { return false }
        let answers = await node.client.pipeline(
            owed.map(\.call), deadline: time.now.advanced(by: Self.settling))
        var isTold = true
        for (debt, answer) in zip(owed, answers) {
            guard case .failure(let error) = answer, error.maySubside else { continue }
            node.debts.add(debt.call, until: debt.end)
            isTold = false
        }
        return isTold
    }

    /// What the slower nodes may take at the first use: a grant that all of them have survives more than one that a bare majority has.
    private static let grace = Duration.milliseconds(100)

    /// Waits until a majority votes, or it is clear that none will for now.
    ///
    /// - Throws: `LockError` with what is wrong with each of the others.
    func ready(until deadline: ContinuousTime) async throws(LockError) {
        if hasMajority, hasBegun.isSet { return }
        let signal = WakeSignal()
        standings.add(signal)
        defer { standings.remove(signal) }
        try await awaitStandings(signal, until: deadline) { self.hasMajority }
        guard !hasBegun.isSet else { return }
        let end = min(deadline, time.now.advanced(by: Self.grace))
        while nodes.contains(where: \.isUnknown), time.now < end, !Task.isCancelled {
            // Looked at by the loop.
            _ = try? await signal.sleep(until: end, on: time)
        }
        hasBegun.set()
    }

    private func awaitStandings(
        _ signal: WakeSignal, until deadline: ContinuousTime, _ isEnough: () -> Bool
    ) async throws(LockError) {
        while !isEnough() {
            try ensureRunning()
            let hopeful = nodes.count(where: \.isHopeful)
            guard hopeful >= quorum.majority, time.now < deadline else { throw unavailable() }
            // Looked at below.
            _ = try? await signal.sleep(until: deadline, on: time)
            if Task.isCancelled {
                throw LockError(.cancelled, "The task was cancelled before it asked the nodes.", effect: .didNotHappen)
            }
        }
    }

    private var hasMajority: Bool { nodes.count(where: \.isFit) >= quorum.majority }

    /// What is wrong with those that do not vote.
    func unavailable(
        _ failures: [Int: RedisError] = [:], effect: LockError.Effect = .didNotHappen
    ) -> LockError {
        let told = nodes.compactMap { node -> RedlockError.Failure? in
            let error = failures[node.index].map { LockError($0) } ?? node.problem
            return error.map { RedlockError.Failure(endpoint: node.endpoint, error: $0) }
        }
        return .tooFewNodes(told, of: quorum, effect: effect)
    }
}

// MARK: What the nodes tell

extension RedlockBackend {
    /// Hears what a node tells this client, and takes every gap for a chance that something was missed.
    func listen(to node: RedlockNode) async {
        for await event in node.client.subscribe(to: .channel(channel)) {
            switch event {
            // A release before this moment found nobody listening (R28), and so did a revocation.
            case .subscribed:
                gate.ringAll()
                tellGap()
            case .interrupted:
                node.doubt()
                if !hasMajority { life.tell(.suspect(nil, "the connections to a majority of the nodes were lost")) }
                gate.ringAll()
            case .message(let message): hear(message.payload, from: node)
            case .refused(let error):
                logger.error(
                    "Waiters of this client are told nothing by a node and look once a second: the channel was refused",
                    metadata: ["endpoint": "\(node.endpoint)", "channel": "\(channel)", "error": "\(error)"])
            }
        }
    }

    /// Nodes that come back together cost each grant one renewal, and so does a node that comes and goes.
    private static let gapPause = Duration.milliseconds(250)

    private func tellGap() {
        guard !isTellingGap.exchange(true, ordering: .acquiringAndReleasing) else { return }
        life.add { [self] in
            // A cancellation ends the engine, and all that it could tell.
            try? await time.sleep(until: time.now.advanced(by: Self.gapPause))
            isTellingGap.store(false, ordering: .releasing)
            life.tell(.unheard(nil))
        }
    }

    private func hear(_ payload: [UInt8], from node: RedlockNode) {
        switch WakeMessage(payload) {
        case .look(let request): gate.look(request, from: node.index)
        case .revoked(let attempt, let reason):
            guard let request = holdings.revoke(attempt: attempt) else { return }
            life.tell(.lost(request, .revoked(reason)))
        // From a newer version, or from somebody who plays with us.
        case .granted, nil:
            logger.debug("A message on the own channel makes no sense", metadata: ["channel": "\(channel)"])
        }
    }

    /// Tells the holders whose cap on the total hold is reached; the nodes end their grants by themselves.
    func endHoldsAtTheirLimits() async {
        while !Task.isCancelled {
            let (reached, next) = life.limitsReached(at: time.now)
            for request in reached { life.tell(.lost(request, .holdLimit)) }
            // Ended by its cancellation, as the loop.
            _ = try? await life.limitsChanged.sleep(until: next, on: time)
        }
    }

    // MARK: Asking them

    /// Sends a script to nodes at once, and gathers their answers.
    func gather<Machine: RoundMachine>(
        _ machine: Machine, _ call: @Sendable (RedlockNode) -> RedisScriptCall, on asked: [RedlockNode],
        until deadline: ContinuousTime, reading read: @escaping @Sendable (RESPValue) -> Machine.Answer?,
        then: (@Sendable (Machine.Answer?, RedlockNode, RedisError?) -> Void)? = nil
    ) -> Gathering<Machine> {
        let gathering = Gathering(machine)
        for node in asked {
            node.client.begin(call(node), deadline: deadline) { result in
                let (answer, failure) = Self.split(result, read)
                // First: whoever waits for the decision may have ended the attempt before the next line runs.
                then?(answer, node, failure)
                gathering.receive(answer, from: node.index, failure)
            }
        }
        return gathering
    }

    private static func split<Answer>(
        _ result: Result<RESPValue, RedisError>, _ read: (RESPValue) -> Answer?
    ) -> (Answer?, RedisError?) {
        switch result {
        case .failure(let error): return (nil, error)
        case .success(let value):
            if let answer = read(value) { return (answer, nil) }
            return (nil, RedisError(.unexpectedReply, "The answer cannot be read.", effect: .mayHaveHappened))
        }
    }

    /// A script's call for a name, with what all scripts take first.
    func call(_ script: RedisScript, _ keys: LockKeys, marker: Bool = false) -> RedisScriptCall {
        var call = script.call(
            keys: marker ? [keys.main, keys.fence, keys.queue, markerKey] : [keys.main, keys.fence, keys.queue])
        call.append(engine.configuration.database)
        return call
    }

    /// Since when a node remembers; as a name it is refused.
    private var markerKey: String { engine.prefix + Self.markerName }
    private static let markerName = "lockstead:redlock:since"

    func keys(of names: [LockName]) throws(LockError) -> LockKeys {
        guard let name = names.first, names.count == 1 else { throw LockError(Refusal.badNames) }
        guard name.text != Self.markerName else {
            throw LockError(
                .invalidName, "The lock name \"\(name)\" is a key of the Redlock engine's own; rename it.",
                effect: .didNotHappen)
        }
        return try naming.keys(of: name)
    }
}
