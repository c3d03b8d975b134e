import GRPCCore
import Lockstead

extension EtcdError {
    /// What a failed call comes to.
    ///
    /// - Parameters:
    ///   - error: What the transport threw, or the member answered.
    ///   - member: Whom the call went to.
    ///   - isSent: Whether anything of the call was sent.
    init(_ error: any Error, from member: EtcdEndpoint, isSent: Bool) {
        if let stopped = error as? RuntimeError, stopped.code == .clientIsStopped {
            self.init(.shutDown, "The etcd engine was shut down. Open another client.", effect: .didNotHappen)
            return
        }
        guard let status = error as? RPCError else {
            let effect: LockError.Effect = isSent ? .mayHaveHappened : .didNotHappen
            let isCancelled = error is CancellationError
            self.init(
                isCancelled ? .cancelled : .connectionLost,
                isCancelled ? "The call was cancelled." : "The call to \(member) failed: \(error).", effect: effect)
            return
        }
        // The transport tells a cancellation as an error of its own.
        guard !(status.cause is CancellationError) else {
            self.init(.cancelled, "The call was cancelled.", effect: isSent ? .mayHaveHappened : .didNotHappen)
            return
        }
        self = Self.judge(status, member, isSent)
    }

    private static func judge(_ status: RPCError, _ member: EtcdEndpoint, _ isSent: Bool) -> EtcdError {
        let text = status.message
        let lost: LockError.Effect = isSent ? .mayHaveHappened : .didNotHappen
        if let known = words.first(where: { text.contains($0.text) }) {
            return EtcdError(
                known.code, "The member \(member) says: \(text). \(known.advice)",
                effect: known.isFinal ? .didNotHappen : lost, serverText: text)
        }
        switch status.code {
        case .cancelled where Task.isCancelled: return EtcdError(.cancelled, "The call was cancelled.", effect: lost)
        case .deadlineExceeded:
            return EtcdError(.deadlineExceeded, "The member \(member) did not answer in time.", effect: lost)
        case .unavailable: return unavailable(status, member, isSent)
        case .unauthenticated:
            return EtcdError(
                .tokenRefused, "The member \(member) does not take the user's token: \(text).", effect: .didNotHappen)
        case .permissionDenied:
            return EtcdError(
                .permissionDenied,
                "The member \(member) denies access: \(text). Grant the user's role read and write on the prefix.",
                effect: .didNotHappen, serverText: text)
        case .resourceExhausted:
            return EtcdError(.overloaded, "The member \(member) says: \(text).", effect: lost, serverText: text)
        case .invalidArgument, .failedPrecondition, .outOfRange, .unimplemented, .notFound:
            return EtcdError(
                .refused, "The member \(member) does not take the request: \(text).", effect: .didNotHappen,
                serverText: text)
        default:
            return EtcdError(
                .connectionLost, "The call to \(member) failed: \(text).", effect: lost, serverText: text)
        }
    }

    private static func unavailable(_ status: RPCError, _ member: EtcdEndpoint, _ isSent: Bool) -> EtcdError {
        let cause = status.cause.map { "\($0)" } ?? ""
        if !isSent,
            ["SSL", "TLS", "ertificate", "closed the connection before"].contains(where: {
                cause.contains($0) || status.message.contains($0)
            })
        {
            return EtcdError(
                .untrusted,
                "The member \(member) and this client do not trust each other: \(status.message) \(cause). Give etcds:// and the right ca=, or etcd:// where the member speaks plain text.",
                effect: .didNotHappen)
        }
        guard isSent else {
            return EtcdError(
                .unreachable, "Nobody answers at \(member). Start the cluster, or give the right address.",
                effect: .didNotHappen)
        }
        return EtcdError(
            .connectionLost, "The connection to \(member) was lost: \(status.message)", effect: .mayHaveHappened)
    }

    private struct Words {
        let text: String
        let code: Code
        /// Whether the member says so before it does anything.
        let isFinal: Bool
        let advice: String
    }

    /// What members say in words of their own; the status codes alone mean several things.
    private static let words = [
        Words(
            text: "no leader", code: .noLeader, isFinal: false,
            advice: "A majority of the members must run and see each other."),
        Words(text: "leader changed", code: .noLeader, isFinal: false, advice: "Try again."),
        Words(
            text: "request timed out", code: .noLeader, isFinal: false,
            advice: "A majority of the members must run and see each other."),
        Words(text: "not capable", code: .noLeader, isFinal: false, advice: "Try again."),
        Words(text: "lease not found", code: .noSuchLease, isFinal: true, advice: "It has run out or was revoked."),
        Words(text: "lease already exists", code: .leaseExists, isFinal: true, advice: "Ask again."),
        Words(text: "has been compacted", code: .compacted, isFinal: true, advice: "Read again, and begin from there."),
        Words(
            text: "space exceeded", code: .full, isFinal: true,
            advice: "Compact and defragment the store, then disarm the alarm."),
        Words(
            text: "maximum payload size", code: .tooLarge, isFinal: false,
            advice: "Somebody keeps more under this name than its locks; give the locks a prefix of their own."),
        Words(text: "too many requests", code: .overloaded, isFinal: true, advice: "Try again later."),
        Words(text: "invalid auth token", code: .tokenRefused, isFinal: true, advice: ""),
        Words(text: "revision of auth store is old", code: .tokenRefused, isFinal: true, advice: ""),
        Words(
            text: "authentication failed", code: .authenticationFailed, isFinal: true,
            advice: "Give the right user and password."),
        Words(
            text: "user name is empty", code: .authenticationFailed, isFinal: true,
            advice: "The cluster wants a user: give one, as in etcd://user:password@host."),
        Words(
            text: "authentication is not enabled", code: .authenticationFailed, isFinal: true,
            advice: "Give no user, or switch authentication on."),
    ]
}
