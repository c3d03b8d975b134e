import Lockstead

/// The pauses between attempts to connect, which begin anew once a connection has lasted.
struct ReconnectPauses {
    private let policy: RetryPolicy
    private let time: any TimeSource
    private var machine: RetryMachine
    private var isFresh = false

    init(_ backoff: RetryPolicy.Backoff, time: any TimeSource) {
        policy = RetryPolicy(backoff: backoff, maximumAttempts: .max, maximumElapsed: TimeSpan.forever.duration)
        self.time = time
        machine = RetryMachine(policy: policy, startedAt: time.now)
    }

    /// A connection has ended.
    ///
    /// One that did not even last a second says nothing good about the next.
    mutating func lasted(_ span: TimeSpan) {
        guard span >= .seconds(1) else { return }
        machine = RetryMachine(policy: policy, startedAt: time.now)
        isFresh = true
    }

    /// Waits until the next attempt: not at all after a connection that had lasted.
    mutating func next() async {
        if isFresh {
            isFresh = false
            return
        }
        var generator = SystemRandomNumberGenerator()
        switch machine.attemptFailed(at: time.now, draw: generator.next()) {
        // The sleep ends early only when the task is cancelled, which the caller sees for itself.
        case .retry(let moment): try? await time.sleep(until: moment)
        // Without a policy for pauses a second keeps us from spinning.
        case .giveUp: try? await time.sleep(until: time.now + .seconds(1))
        }
    }
}
