import Lockstead

/// F-G6: every packet has a chance of 30 % to be lost, and every piece of a stream takes 200 ± 100 ms in each direction.
struct BadNetwork: FaultPlay {
    let needsRelays = true
    /// Longer than TCP needs to send a packet again several times.
    let lease: Duration? = .seconds(10)

    func bring(to stage: Stage) async throws {
        stage.crowd(works: true)
        try await stage.pass(.seconds(2))
        let before = try await grants(stage)
        stage.begin("bad network", "30 % loss, 200 ± 100 ms")
        try await worsen(stage)
        try await stage.pass(stage.patience)
        let during = try await grants(stage) - before
        if PrivateNetwork.isThere { try await PrivateNetwork.heal() }
        for relay in stage.relays { relay.set { $0 = RelayRules() } }
        try await stage.pass(.seconds(5))
        stage.cease("bad network")
        let after = try await grants(stage) - before - during
        stage.crowd(works: false)
        let seconds = stage.patience.milliseconds / 1000
        stage.check(
            before > 0 && during > 0 && after > 0,
            "grants: \(before) in 2 s before, \(during) in \(seconds) s of it, \(after) in 5 s after")
    }

    private func worsen(_ stage: Stage) async throws {
        for relay in stage.relays { relay.set { $0.delay = 100...300 } }
        if PrivateNetwork.isThere {
            try await PrivateNetwork.lose(30, of: stage.relays.map(\.port))
            stage.note("30 % of the packets are dropped by nft in a network namespace; delays by the relay")
        } else {
            for relay in stage.relays { relay.set { $0.lossPercent = 30 } }
            stage.note(
                "no network namespace of our own: the relay models loss as the time that TCP takes to send again")
        }
    }

    private func grants(_ stage: Stage) async throws -> Int {
        var sum = 0
        for worker in stage.workers {
            worker.forget()
            worker.say("report")
            let words = try await worker.hear("report").split(separator: " ")
            sum += words.compactMap { $0.hasPrefix("grants=") ? Int($0.dropFirst(7)) : nil }.first ?? 0
        }
        return sum
    }
}
