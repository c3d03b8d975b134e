import Lockstead

extension ConformanceContext {
    /// An engine without a feature refuses what needs it, with `unsupported`, and without doing anything.
    func checkRefusals(of missing: Capabilities.Features) async throws {
        try await withBackend { backend in
            for feature in Capabilities.Features.single where missing.contains(feature) {
                try await checkRefusal(of: feature, on: backend)
            }
        }
    }

    private func checkRefusal(of feature: Capabilities.Features, on backend: any LockBackend) async throws {
        let name = try LockName("refused")
        switch feature {
        case .shared: try await refuses(try request("refused", mode: .shared), on: backend)
        case .permits: try await refuses(try request("refused", mode: .permits(count: 1, limit: 2)), on: backend)
        case .fair: try await refuses(try request("refused", fairness: .fair), on: backend)
        case .barging: try await refuses(try request("refused", fairness: .barging), on: backend)
        case .severalNames: try await refuses(try request("refused", "refused too"), on: backend)
        case .lockDelay: try await refuses(terms: HoldTerms(lockDelay: .seconds(1)), on: backend)
        case .minimumHold: try await refuses(terms: HoldTerms(minimumHold: .seconds(1)), on: backend)
        case .maximumHold: try await refuses(terms: HoldTerms(maximumHold: .seconds(1)), on: backend)
        case .priority: try await refuses(try request("refused", priority: 1), on: backend)
        case .downgrade:
            let grant = try await hold("refused", on: backend)
            try await expect(.unsupported) { try await backend.downgrade(grant, deadline: soon) }
            try await release(grant, on: backend)
        case .handOver:
            let grant = try await hold("refused", on: backend)
            try await expect(.unsupported) { try await backend.handOver(grant, to: try request("refused")) }
            try await release(grant, on: backend)
        case .inspect: try await expect(.unsupported) { try await backend.inspect(name, deadline: soon) }
        case .list: try await expect(.unsupported) { try await backend.list(prefix: "", limit: 1, deadline: soon) }
        case .changes:
            try await expect(.unsupported) {
                var changes = backend.changes(prefix: "").makeAsyncIterator()
                return try await changes.next()
            }
        case .forceRelease:
            try await expect(.unsupported) {
                try await backend.forceRelease(name, reason: "r", now: false, deadline: soon)
            }
        case .registers:
            try await expect(.unsupported) { try await backend.load(name, deadline: soon) }
            let write = RegisterWrite(.value([1]), in: name, under: FencingToken(rawValue: 1))
            try await expect(.unsupported) { try await backend.store(write, deadline: soon) }
        case .deadlockDetection: try await checkCirclesEnd(on: backend)
        case .betweenProcesses: try await checkScopeIsTold()
        default: throw ConformanceFailure("the suite knows no refusal of feature \(feature.rawValue)", Place())
        }
    }

    private func refuses(terms: HoldTerms, on backend: any LockBackend, _ place: Place = Place()) async throws {
        try await refuses(try request("refused", terms: terms), on: backend, place)
    }

    private func refuses(_ request: LockRequest, on backend: any LockBackend, _ place: Place = Place()) async throws {
        let error = try await expect(.unsupported, place: place) { try await backend.acquire(request) }
        try check(error.effect == .didNotHappen, "a refusal says that it \(error.effect)", place)
    }

    /// Who cannot see a circle must let its waits end at their deadlines.
    private func checkCirclesEnd(on backend: any LockBackend) async throws {
        let (one, two) = (try await hold("one", on: backend), try await hold("two", on: backend))
        var forTwo = try request("two", wait: .until(now.advanced(by: .milliseconds(300))))
        var forOne = try request("one", wait: .until(now.advanced(by: .milliseconds(300))))
        (forTwo.owner, forOne.owner) = (one.owner, two.owner)
        let requests = [forTwo, forOne]
        try await withThrowingTaskGroup(of: AcquireOutcome.self) { group in
            for request in requests { group.addTask { try await backend.acquire(request) } }
            for try await outcome in group {
                guard case .busy = outcome else { throw ConformanceFailure("a circle was granted", Place()) }
            }
        }
    }

    /// An engine of one process must not be taken for more.
    private func checkScopeIsTold() async throws {
        try check(capabilities.guarantee.scope == .process, "the scope is said to be \(capabilities.guarantee.scope)")
        try await withClient { client in
            _ = try await expect(.guaranteeTooWeak) {
                try await client.withLock("a", require: Guarantee.Requirement(scope: .host)) { _ in }
            }
        }
    }
}

extension Capabilities.Features {
    static let single: [Self] = [
        .shared, .permits, .fair, .barging, .severalNames, .lockDelay, .minimumHold, .maximumHold, .priority,
        .downgrade, .handOver, .inspect, .list, .changes, .forceRelease, .deadlockDetection, .betweenProcesses,
        .registers,
    ]
}
