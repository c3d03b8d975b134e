import LockCore

/// The one loop that renews, warns, stops and ends all leases of a client (R13): a heap of due times, woken by a
/// timer or a signal.
///
/// Renewals go out in batches, beside the loop, so that a slow engine delays no timer.
struct RenewalLoop: Sendable {
    /// The most grants in one call: more would make one lost answer matter too much.
    static let largestBatch = 1_000

    let backend: any LockBackend
    let registry: LeaseRegistry
    let instruments: Instruments

    private var time: any TimeSource { instruments.time }

    /// Runs until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            var detector = PauseDetector()
            while !Task.isCancelled {
                let (planned, isIdle) = registry.fallAsleep()
                if isIdle { detector.rest() }
                await registry.wakeUp.wait(until: planned, time: time)
                registry.wakeUp.clear()
                let now = time.now
                let finding = detector.woke(at: now, wall: time.wallClockNanoseconds, planned: planned)
                for batch in batches(of: attend(to: registry.wake(at: now, all: finding.isNotable), finding)) {
                    group.addTask { await renew(batch) }
                }
            }
            group.cancelAll()
        }
    }

    /// Steps each grant to now.
    ///
    /// - Returns: Those to be renewed, marked as sent.
    private func attend(to due: [HeldGrant], _ finding: PauseDetector.Finding) -> [(HeldGrant, Grant)] {
        due.compactMap { held in
            let step = held.step { machine, now, effects in
                machine.wakeUpWasLate(by: finding.lateness, at: now, effects: &effects)
                machine.wallClockMoved(by: finding.wallStep, at: now, effects: &effects)
                machine.timeAdvanced(to: now, effects: &effects)
            }
            let grant = step.wantsRenewal ? held.beginRenewal() : nil
            registry.plan(held)
            return grant.map { (held, $0) }
        }
    }

    /// One batch per lease duration, as their deadlines differ.
    private func batches(of renewals: [(HeldGrant, Grant)]) -> [[(HeldGrant, Grant)]] {
        Dictionary(grouping: renewals, by: \.0.lease).values.flatMap { group in
            stride(from: 0, to: group.count, by: Self.largestBatch).map {
                Array(group[$0..<min($0 + Self.largestBatch, group.count)])
            }
        }
    }

    private func renew(_ batch: [(held: HeldGrant, grant: Grant)]) async {
        let outcomes = await backend.renew(batch.map(\.grant), deadline: deadline(of: batch.map(\.held)))
        for (index, entry) in batch.enumerated() {
            let outcome = index < outcomes.count ? outcomes[index] : .unknown(Self.answerMissing)
            settle(entry.held, outcome)
        }
    }

    /// One attempt is given up after a third of the lease, and no later than the first end, so that there is time to try again.
    private func deadline(of batch: [HeldGrant]) -> ContinuousTime {
        let now = time.now
        let lease = batch.first.map { TimeSpan($0.lease) } ?? .zero
        let firstEnd = batch.lazy.compactMap(\.validUntil).min() ?? .distantFuture
        return min(now + lease / LeaseRules.renewalDivisor, firstEnd)
    }

    /// Tells the machine how a renewal ended.
    ///
    /// Also used for the confirming renewal of a fresh grant.
    func settle(_ held: HeldGrant, _ outcome: RenewalOutcome) {
        let margin = held.validUntil.map { time.now.duration(to: $0) }
        held.step { machine, now, effects in
            switch outcome {
            case .renewed(let validity):
                machine.renewalConfirmed(LeaseMachine.Validity(validity), at: now, effects: &effects)
            case .lost(let reason): machine.lossReported(reason, at: now, effects: &effects)
            case .unknown: machine.renewalFailed(at: now, effects: &effects)
            }
        }
        instruments.renewalEnded(outcome, of: held, margin: margin)
        registry.plan(held)
    }

    private static let answerMissing = LockError(
        .indeterminate, "The engine answered fewer renewals than it was asked for.", effect: .mayHaveHappened)
}
