import Lockstead
import Logging

/// One client that holds and renews many locks.
package enum RenewalProbe {
    /// What holding them came to.
    package struct Finding: Sendable {
        package let locks: Int
        /// Memory of the process for each, engine and client together.
        package let bytesPerLock: Int
        package let renewals: Int
        package let lost: Int
        /// Processor time over the window, as a share of one core.
        package let processorShare: Double
    }

    /// Holds so many locks, lets them settle for one lease, and then looks for `window`.
    ///
    /// - Parameters:
    ///   - locks: How many.
    ///   - lease: Their lease; each is renewed every third of it.
    ///   - window: How long to look.
    /// - Returns: What it cost.
    /// - Throws: What the engine refuses.
    package static func measure(locks: Int, lease: Duration, window: Duration) async throws -> Finding {
        var configuration = LockClient.Configuration()
        configuration.lease = lease
        let backend = LeasedBackend()
        let engine = LockEngine(name: backend.capabilities.engine) { _ in backend }
        return try await LockClient.with(engine, configuration: configuration, logger: Logger(label: "bench")) {
            client in
            let before = Machine.residentBytes
            var held: [HeldLock] = []
            held.reserveCapacity(locks)
            for number in 0..<locks { held.append(try await client.acquire("bench/renewals/\(number)")) }
            let bytes = (Machine.residentBytes - before) / max(1, locks)
            let time = SystemTimeSource()
            try await time.sleep(until: time.now.advanced(by: lease))
            let (renewed, processor) = (backend.renewals, Machine.processorSeconds)
            try await time.sleep(until: time.now.advanced(by: window))
            let share = (Machine.processorSeconds - processor) / (window / .seconds(1))
            let renewals = backend.renewals - renewed
            let lost = held.count { !$0.lease.isHeld }
            for lock in held { try await lock.release() }
            return Finding(
                locks: locks, bytesPerLock: bytes, renewals: renewals, lost: lost, processorShare: share)
        }
    }
}
