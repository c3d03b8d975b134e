package import LockCore
import Synchronization

/// Who is in a call at present, so that the engine's end can wait for them.
package final class Visitors: Sendable {
    private let count = Mutex(0)
    private let left = WakeSignal()

    package init() {}

    package func enter() { count.withLock { $0 += 1 } }

    package func leave() {
        let isEmpty = count.withLock { count in
            count -= 1
            return count == 0
        }
        if isEmpty { left.ring() }
    }

    /// Returns when nobody is there, or at the deadline; whoever waits is not disturbed by a cancellation.
    package func haveLeft(until deadline: ContinuousTime, on time: any TimeSource) async {
        await shieldedFromCancellation {
            while self.count.withLock({ $0 > 0 }), time.now < deadline {
                // Shielded: nobody cancels it.
                try? await self.left.sleep(until: deadline, on: time)
            }
        }
    }
}
