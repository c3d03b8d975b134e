import Lockstead

extension Worker {
    /// The side that holds and lets go, again and again; only who waits for it is measured.
    func holdAgainAndAgain() async -> Tally {
        var tally = Tally()
        tally.failures = await loop().failures
        return tally
    }

    /// The side that waits for each release in one of three ways.
    func awaitReleases(by way: Workload.Way) async -> Tally {
        var tally = Tally()
        let bounds = run.timeline.bounds
        while await otherHolds(until: bounds.until) {
            let since = time.now
            do {
                guard var pair = try await pair(by: way, until: bounds.until) else { continue }
                pair.asked = since
                if since >= bounds.from { tally.count(pair) }
            } catch {
                tally.failures += 1
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

    private func pair(by way: Workload.Way, until end: ContinuousTime) async throws -> Pair? {
        try await pair("") { client, name in
            switch way {
            case .notification: try await client.acquire(name, waitingAtMost: .seconds(30))
            case .polling: try await poll(client, name, until: end)
            case .stream: try await watch(client, name, until: end)
            }
        }
    }

    private func poll(_ client: LockClient, _ name: LockName, until end: ContinuousTime) async throws -> HeldLock? {
        while time.now < end {
            if let lock = try await client.tryAcquire(name) { return lock }
            try await time.sleep(until: time.now.advanced(by: .seconds(1)))
        }
        return nil
    }

    /// Asks once, in case the release came before the stream began, and then at each release.
    private func watch(_ client: LockClient, _ name: LockName, until end: ContinuousTime) async throws -> HeldLock? {
        let changes = client.changes(prefix: name.text)
        if let lock = try await client.tryAcquire(name) { return lock }
        for try await change in changes where change.kind == .released {
            if let lock = try await client.tryAcquire(name) { return lock }
            if time.now >= end { return nil }
        }
        return nil
    }
}
