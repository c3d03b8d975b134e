import Lockstead

extension Worker {
    /// The side that holds and lets go, again and again; only who waits for it is measured.
    func holdAgainAndAgain() async -> Tally {
        var tally = await loop()
        tally.keepFailuresOnly()
        return tally
    }

    /// The side that waits for each release in one of three ways.
    func awaitReleases(by way: Workload.Way) async -> Tally {
        var tally = Tally()
        let bounds = run.timeline.bounds
        while await otherHolds(until: bounds.until) {
            let since = time.now
            var tries = 0
            do {
                guard var pair = try await pair(by: way, until: bounds.until, &tries) else { continue }
                pair.asked = since
                guard since >= bounds.from else { continue }
                tally.count(pair)
                tally.tries += tries
            } catch {
                tally.fail(error)
            }
        }
        return tally
    }

    /// Waits until the other side holds, so that there is a release to wait for.
    ///
    /// - Returns: Whether it does before the run is over.
    private func otherHolds(until end: ContinuousTime) async -> Bool {
        while time.now < end {
            if witness.isOccupied { return true }
            // Only cancellation ends the sleep early, and then the run is over soon.
            try? await time.sleep(until: time.now.advanced(by: .milliseconds(2)))
        }
        return false
    }

    private func pair(
        by way: Workload.Way, until end: ContinuousTime, _ tries: inout Int
    ) async throws -> Pair? {
        try await pair("") { client, name in
            switch way {
            case .notification:
                tries += 1
                return try await client.acquire(name, waitingAtMost: .seconds(30))
            case .polling: return try await poll(client, name, until: end, &tries)
            case .stream: return try await watch(client, name, until: end, &tries)
            }
        }
    }

    private func poll(
        _ client: LockClient, _ name: LockName, until end: ContinuousTime, _ tries: inout Int
    ) async throws -> HeldLock? {
        while time.now < end {
            tries += 1
            if let lock = try await client.tryAcquire(name) { return lock }
            try await time.sleep(until: time.now.advanced(by: .seconds(1)))
        }
        return nil
    }

    /// Asks once, in case the release came before the stream began, and then at each release.
    private func watch(
        _ client: LockClient, _ name: LockName, until end: ContinuousTime, _ tries: inout Int
    ) async throws -> HeldLock? {
        let changes = client.changes(prefix: name.text)
        tries += 1
        if let lock = try await client.tryAcquire(name) { return lock }
        for try await change in changes where change.kind == .released {
            tries += 1
            if let lock = try await client.tryAcquire(name) { return lock }
            if time.now >= end { return nil }
        }
        return nil
    }
}
