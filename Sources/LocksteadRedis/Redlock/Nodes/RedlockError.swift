package import Lockstead

/// Why too few nodes took part: each with what went wrong there.
package struct RedlockError: Error, Sendable, CustomStringConvertible {
    /// One node's part.
    package struct Failure: Sendable {
        package let endpoint: RedisEndpoint
        package let error: LockError
    }

    package let failures: [Failure]
    package let nodes: Int

    /// Such as `3 of 5 nodes: 10.0.0.1:6379: Connection refused; …`.
    package var description: String {
        let words = failures.map { "\($0.endpoint): \($0.error.message)" }
        return "\(failures.count) of \(nodes) nodes: " + words.joined(separator: " ")
    }
}

extension RedlockError: EngineFaultReporting {
    package var engineFault: EngineFault? {
        let faults = failures.map { ($0.error.cause as? any EngineFaultReporting)?.engineFault }
        return faults.first.flatMap { first in faults.allSatisfy { $0 == first } ? first : nil }
    }
}

extension LockError {
    /// Too few nodes took part for a majority.
    static func tooFewNodes(_ failures: [RedlockError.Failure], of quorum: Quorum, effect: Effect) -> LockError {
        let cause = RedlockError(failures: failures, nodes: quorum.nodes)
        let codes = Set(failures.map(\.error.code))
        // What all of them say is what there is to be done; else the nodes are simply not there.
        let common: Code? = codes.count == 1 ? codes.first : nil
        let told: Set<Code> = [
            .permissionDenied, .unsuitableStorage, .kindMismatch, .shutDown, .recovering, .limitExceeded,
        ]
        return LockError(
            common.flatMap { told.contains($0) ? $0 : nil } ?? .engineUnavailable,
            "A majority of \(quorum.majority) of the \(quorum.nodes) Redlock nodes cannot be had; \(cause.description)",
            effect: effect, cause: cause)
    }
}
