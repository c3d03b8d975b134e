import Lockstead
import Logging
import RESP
import Synchronization

extension SentinelClient {
    /// Asks a sentinel from now on, unless it is asked already.
    ///
    /// - Parameters:
    ///   - endpoint: Its address.
    ///   - isConfigured: Whether we were told of it, and not by another sentinel.
    func watch(_ endpoint: RedisEndpoint, isConfigured: Bool = false) {
        let isNew = state.withLock { $0.watched.count < Self.mostSentinels && $0.watched.insert(endpoint).inserted }
        guard isNew else { return }
        let watch = SentinelWatch(endpoint, isConfigured: isConfigured, client: self)
        state.withLock { $0.polls[endpoint] = watch.again }
        addJob.yield { [weak self] in
            await watch.run()
            self?.unwatch(endpoint)
        }
    }

    /// It is asked no more, until another sentinel tells of it again: where sentinels come and go, addresses must not pile up.
    private func unwatch(_ endpoint: RedisEndpoint) {
        state.withLock { state in
            state.watched.remove(endpoint)
            state.polls[endpoint] = nil
            state.machine.forget("\(endpoint)")
        }
    }

    /// Beyond these somebody plays with us.
    private static let mostSentinels = 64

    func heard(_ opinion: SentinelOpinion, from voice: SentinelMachine.Voice, at asked: ContinuousTime) {
        state.withLock { $0.machine.heard(opinion, from: voice, at: asked) }
        settle()
    }

    func heardSwitch(to primary: RedisEndpoint, from voice: SentinelMachine.Voice) {
        let now = context.time.now
        state.withLock { $0.machine.heardSwitch(to: primary, from: voice, at: now) }
        settle()
    }

    /// What was heard under a voice counts no more: another sentinel stands behind that address now.
    func forget(_ voice: SentinelMachine.Voice) { state.withLock { $0.machine.forget(voice) } }

    /// Whether a sentinel that fell silent then is to be given up: others answer, so that it is not we who are cut off.
    func isLeftBehind(since moment: ContinuousTime) -> Bool {
        state.withLock { $0.machine.latest.map { moment.advanced(by: patience) <= $0 } ?? false }
    }

    /// A sentinel fell silent; where the same one was heard at another address since, that counts.
    func forget(_ voice: SentinelMachine.Voice, heardBefore moment: ContinuousTime) {
        state.withLock { $0.machine.forget(voice, heardBefore: moment) }
    }

    func failed(_ error: RedisError, at voice: SentinelMachine.Voice) {
        state.withLock { $0.machine.failed(error, at: voice) }
        settle()
    }

    /// Follows what the sentinels agree upon, and tells of doubts as they begin.
    func settle() {
        let now = context.time.now
        let (old, new, doubt) = state.withLock { $0.settle(at: now, makePrimary) }
        if let new { follow(new, after: old) }
        if let doubt { upheaval.yield(doubt) }
        for signal in state.withLock({ $0.waiting.values.map(\.self) }) { signal.ring() }
    }

    private func makePrimary(_ endpoint: RedisEndpoint, replacedAt: ContinuousTime?) -> Primary {
        Primary(
            endpoint: endpoint,
            node: RedisNode(endpoint, configuration: configuration, context: context, group: group),
            replacedAt: replacedAt)
    }

    private func follow(_ new: Primary, after old: Primary?) {
        addJob.yield { [self] in await run(new) }
        let listeners = state.withLock { $0.listeners.values.map(\.self) }
        // Not to the new one, which may be the last one by now.
        for listener in listeners { moveToPrimary(listener) }
        guard let old else { return }
        old.node.abandon()
        old.stop()
        context.logger.notice(
            "The sentinels name another primary",
            metadata: ["name": "\(settings.primaryName)", "from": "\(old.endpoint)", "to": "\(new.endpoint)"])
        upheaval.yield("\(new.endpoint) became the primary instead of \(old.endpoint)")
    }

    /// Keeps the connections to a primary until another one takes over.
    private func run(_ primary: Primary) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await primary.node.run() }
            group.addTask { await self.checkRole(of: primary) }
            while !primary.end.isSet, !Task.isCancelled {
                // A cancellation is looked at by the loop.
                _ = try? await primary.ended.sleep(until: nil, on: context.time)
            }
            group.cancelAll()
        }
        let written = primary.node.commandsWritten
        state.withLock { if $0.primary?.node !== primary.node { $0.retired += written } }
    }

    /// Nothing is sent to a server before it says itself that it is a primary: a sentinel may know before the server does.
    private func checkRole(of primary: Primary) async {
        while !Task.isCancelled, !primary.end.isSet {
            if await isPrimary(primary.node) {
                primary.isReady.set()
                return settle()
            }
            // A cancellation ends the loop.
            try? await context.time.sleep(until: context.time.now + .milliseconds(100))
        }
    }

    private func isPrimary(_ node: RedisNode) async -> Bool {
        do throws(RedisError) {
            return try await node.send(RedisCommand("ROLE")).elements?.first?.text == "master"
        } catch {
            // Who may not ask finds out by its first command.
            return error.code == .permissionDenied || error.code == .refused
        }
    }
}

extension SentinelClient.State {
    /// - Returns: The primary before and the one to follow where that has changed, and a doubt that has just begun.
    fileprivate mutating func settle(
        at now: ContinuousTime, _ make: (RedisEndpoint, _ replacedAt: ContinuousTime?) -> SentinelClient.Primary
    ) -> (old: SentinelClient.Primary?, new: SentinelClient.Primary?, doubt: String?) {
        guard !isShutDown else { return (nil, nil, nil) }
        if let agreed = machine.agreed(at: now), agreed != primary?.endpoint {
            let (old, new) = (primary, make(agreed, primary == nil ? nil : now))
            (primary, isInDoubt) = (new, false)
            return (old, new, nil)
        }
        let doubt = primary.flatMap { machine.doubt(about: $0.endpoint, at: now) }
        defer { isInDoubt = doubt != nil }
        return (nil, nil, isInDoubt ? nil : doubt)
    }
}
