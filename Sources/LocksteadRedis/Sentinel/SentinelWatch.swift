import Lockstead
import Logging
import RESP
import Synchronization

/// Asks one sentinel again and again, and hears what it publishes.
final class SentinelWatch: Sendable {
    let endpoint: RedisEndpoint
    let client: SentinelClient
    private let node: RedisNode
    /// Has it asked at once.
    let again = WakeSignal()
    private let isConfigured: Bool
    /// Who spoke last: behind one address there may be one sentinel now and another later.
    private let speaker = Mutex<SentinelMachine.Voice?>(nil)

    init(_ endpoint: RedisEndpoint, isConfigured: Bool, client: SentinelClient) {
        (self.endpoint, self.isConfigured, self.client) = (endpoint, isConfigured, client)
        node = RedisNode(
            endpoint, configuration: Self.configuration(client), context: client.context, group: client.group)
    }

    /// As for the servers, but for who we are: what opens them is not told to a sentinel.
    private static func configuration(_ client: SentinelClient) -> RedisConfiguration {
        var configuration = client.configuration
        (configuration.user, configuration.password) = (client.settings.user, client.settings.password)
        (configuration.database, configuration.connectionsPerNode) = (0, 1)
        return configuration
    }

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.node.run() }
            await ask()
            group.cancelAll()
        }
    }

    private func ask() async {
        let hearing = listen()
        defer { hearing.cancel() }
        var (round, heardAt) = (0, client.context.time.now)
        while !Task.isCancelled {
            if await askOnce() { heardAt = client.context.time.now }
            guard isConfigured || !client.isLeftBehind(since: heardAt) else {
                if let voice = speaker.withLock(\.self) { client.forget(voice, heardBefore: heardAt) }
                return
            }
            if round % Self.roundsBetweenListings == 0 { await findOthers() }
            round += 1
            // A cancellation ends the loop.
            _ = try? await again.sleep(
                until: client.context.time.now.advanced(by: SentinelMachine.interval), on: client.context.time)
        }
    }

    private static let roundsBetweenListings = 20

    private func listen() -> RedisHearing {
        node.hear(.channel("+switch-master")) { [weak self] event in
            guard let self, case .message(let message)? = event, let voice = speaker.withLock(\.self),
                let primary = SentinelOpinion.switched(message.payload, of: client.settings.primaryName)
            else { return }
            client.heardSwitch(to: primary, from: voice)
            again.ring()
        }
    }

    private var deadline: ContinuousTime { client.context.time.now.advanced(by: SentinelMachine.interval) }

    /// Asks who it is and what it says in one go: one that is known under two addresses has one voice, and each answer is filed under the
    /// name of whoever gave it.
    ///
    /// - Returns: Whether it answered as a sentinel of this primary does.
    private func askOnce() async -> Bool {
        let commands = [
            RedisCommand("SENTINEL", "MYID"), RedisCommand("SENTINEL", "MASTER", client.settings.primaryName),
        ]
        let asked = client.context.time.now
        let answers = await node.pipeline(commands, deadline: deadline)
        let voice = voice(of: answers[0])
        do throws(RedisError) {
            let answer = try answers[1].get()
            guard let opinion = SentinelOpinion(answer) else { throw .unreadableSentinel(endpoint) }
            guard let voice else { return true }
            become(voice)
            client.heard(opinion, from: voice, at: asked)
            return true
        } catch {
            guard error.code != .cancelled, error.code != .shutDown else { return false }
            client.failed(
                .sentinel(endpoint, client.settings.primaryName, error), at: voice ?? speakerOrAddress)
            return false
        }
    }

    /// Its own id.
    ///
    /// Before Redis 6.2 there is none, and the address has to do; then one that was only found might be heard twice, and is not counted.
    private func voice(of answer: Result<RESPValue, RedisError>) -> SentinelMachine.Voice? {
        switch answer {
        case .success(let value): value.text.flatMap { $0.isEmpty ? nil : $0 }
        case .failure(let error): error.serverText != nil && isConfigured ? "\(endpoint)" : nil
        }
    }

    private var speakerOrAddress: SentinelMachine.Voice { speaker.withLock(\.self) ?? "\(endpoint)" }

    private func become(_ voice: SentinelMachine.Voice) {
        let old = speaker.withLock { speaker in
            defer { speaker = voice }
            return speaker
        }
        if let old, old != voice { client.forget(old) }
        // What failed before it told its name.
        if "\(endpoint)" != voice { client.forget("\(endpoint)") }
    }

    private func findOthers() async {
        let command = RedisCommand("SENTINEL", "SENTINELS", client.settings.primaryName)
        // Those that were configured are asked all the same.
        guard let others = try? await node.send(command, deadline: deadline).elements else { return }
        for other in others {
            if let endpoint = SentinelFields(other).endpoint { client.watch(endpoint) }
        }
    }
}

extension RedisError {
    fileprivate static func unreadableSentinel(_ endpoint: RedisEndpoint) -> RedisError {
        RedisError(
            .unexpectedReply, "\(endpoint) does not answer as a sentinel does; is it one?", effect: .didNotHappen)
    }

    /// Why a sentinel did not say who the primary is.
    fileprivate static func sentinel(_ endpoint: RedisEndpoint, _ name: String, _ error: RedisError) -> RedisError {
        var failure = error
        failure.effect = .didNotHappen
        if error.serverText?.contains("No such master") ?? false {
            failure.code = .noPrimary
            failure.message = "The sentinel \(endpoint) watches no primary called \(name); look at SENTINEL MASTERS."
        } else if error.serverText?.lowercased().contains("unknown command") ?? false {
            failure = .unreadableSentinel(endpoint)
        } else {
            failure.message = "The sentinel \(endpoint) cannot be asked: \(error.message)"
        }
        return failure
    }
}
