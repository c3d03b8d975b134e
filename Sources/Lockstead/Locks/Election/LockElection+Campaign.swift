public import LockCore

extension LockElection {
    /// Campaigns again and again: after a term that was lost or given up, and after a failure of the engine that may subside.
    ///
    /// For a server that is to lead whenever it can. It ends with the body, by its value or its error, and when the caller is cancelled. A body that
    /// overran its lease and finished is not run again: that is `leaseLost`, and what to do about its work is for the caller to say.
    ///
    /// Between two campaigns there is a pause by `retry`, which counts anew from every term that was won. Inside a ServiceLifecycle service, call
    /// it from `run()` under `cancelWhenGracefulShutdown`: a shutdown then stops the body, and the next candidate leads at once.
    ///
    /// - Parameters:
    ///   - value: What the leader calls itself, such as an address: observers see it.
    ///   - lease: How long a leader that died still counts as one, at most. `nil`: the client's default, 30 s unless configured.
    ///   - require: The least guarantee to accept.
    ///   - terms: Lock-delay, minimum hold, cap on the term, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - retry: The pauses between campaigns, and how many of them in a row may fail; by default 0.1 to 5 s, without end.
    ///   - body: Runs in each term.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with what stands against the request, or with the
    ///   last failure where `retry` gave up.
    public func campaign<R: Sendable>(
        as value: String = "", lease: Duration? = nil, require: Guarantee.Requirement? = nil,
        terms: HoldTerms = HoldTerms(), priority: Int8 = 0, retry: RetryPolicy = Self.patientRetry,
        _ body: @escaping @Sendable (Leadership) async throws -> R
    ) async throws -> R {
        let (hasLed, hasFailed) = (Signal(), Signal())
        var retries = RetryMachine(policy: retry, startedAt: client.time.now)
        while true {
            do {
                return try await withLeadership(
                    as: value, lease: lease, require: require, terms: terms, priority: priority
                ) { leadership in
                    hasLed.set()
                    do { return try await body(leadership) } catch {
                        // What the body throws while it leads is its own business, whatever the code.
                        if leadership.isLeading, !(error is CancellationError) { hasFailed.set() }
                        throw error
                    }
                }
            } catch let error as LockError where !hasFailed.isSet && Self.isWorthAnotherCampaign(error) {
                if hasLed.isSet { retries = RetryMachine(policy: retry, startedAt: client.time.now) }
                hasLed.clear()
                let draw = UInt64.random(in: 0...(.max))
                guard case .retry(let time) = retries.attemptFailed(at: client.time.now, draw: draw) else {
                    throw error
                }
                try await client.time.sleep(until: time)
            }
        }
    }

    /// Decorrelated jitter from 0.1 to 5 s, without end.
    public static let patientRetry = RetryPolicy(
        backoff: .decorrelated(base: .milliseconds(100), cap: .seconds(5)), maximumAttempts: .max,
        maximumElapsed: .seconds(Int64.max))

    private static func isWorthAnotherCampaign(_ error: LockError) -> Bool {
        switch error.code {
        case .resigned: true
        case .leaseLost: error.bodyFinished != true
        default: HolderFollower.maySubside(error)
        }
    }
}
