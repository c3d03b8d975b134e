import Synchronization

/// Why a body's task was cancelled: the first cause counts.
enum BodyCancellation: UInt8, Sendable, AtomicRepresentable {
    case none, byLease, byCaller
}

/// How a body ended, and what could be believed of the lease at that moment.
struct BodyEnd<Value: Sendable>: Sendable {
    var result: Result<Value, any Error>
    var lease: LeaseState
    var cancellation = BodyCancellation.none
}

/// Runs a body in a task of its own, which the lease cancels when it must stop.
///
/// The caller awaits that task whatever happens; its own cancellation is passed on.
func runInOwnTask<R: Sendable>(
    stoppedBy lease: Lease, _ operation: @escaping @Sendable () async -> BodyEnd<R>
) async -> BodyEnd<R> {
    let cause = CancellationCause()
    let task = Task { await operation() }
    lease.onStop {
        cause.note(.byLease)
        task.cancel()
    }
    var end = await withTaskCancellationHandler {
        await task.value
    } onCancel: {
        cause.note(.byCaller)
        task.cancel()
    }
    end.cancellation = cause.first
    return end
}

private final class CancellationCause: Sendable {
    private let cause = Atomic(BodyCancellation.none)
    var first: BodyCancellation { cause.load(ordering: .acquiring) }
    func note(_ new: BodyCancellation) {
        _ = cause.compareExchange(expected: .none, desired: new, ordering: .acquiringAndReleasing)
    }
}
