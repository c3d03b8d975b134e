import GRPCCore
import Lockstead
import Synchronization

/// A user's token, asked for when it is first needed and again when it is no longer taken.
final class EtcdLogin: Sendable {
    private let user: String
    private let password: String
    private let kept = Mutex<String?>(nil)
    private let attempt = SharedAttempt<Result<String, EtcdError>>()

    init(user: String, password: String) { (self.user, self.password) = (user, password) }

    func token(
        at member: EtcdMember, on time: any TimeSource, _ deadline: ContinuousTime
    ) async throws(EtcdError) -> String {
        if let token = kept.withLock({ $0 }) { return token }
        let result = await attempt.value(until: deadline, on: time, isFinal: { $0.isLoggedIn }) {
            await self.logIn(at: member, deadline)
        }
        guard let result else {
            throw EtcdError(.deadlineExceeded, "The log-in did not end in time.", effect: .didNotHappen)
        }
        return try result.get()
    }

    /// A token is not taken any more; a newer one stays.
    func forget(_ token: String) { kept.withLock { if $0 == token { $0 = nil } } }

    func forgetAny() { kept.withLock { $0 = nil } }

    private func logIn(at member: EtcdMember, _ deadline: ContinuousTime) async -> Result<String, EtcdError> {
        var request = Etcdserverpb_AuthenticateRequest()
        (request.name, request.password) = (user, password)
        do throws(EtcdError) {
            let token = try await member.ask(request, ["hasleader": "true"], deadline: deadline).token
            kept.withLock { $0 = token }
            return .success(token)
        } catch {
            var error = error
            // The call that needed it was not sent.
            error.effect = .didNotHappen
            return .failure(error)
        }
    }
}

extension Result where Failure == EtcdError {
    fileprivate var isLoggedIn: Bool { if case .success = self { true } else { false } }
}
