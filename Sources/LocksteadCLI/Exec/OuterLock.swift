import Lockstead
import LocksteadEngines

/// The lock under which this very program was started, as its environment tells.
struct OuterLock: Sendable, Equatable {
    let name: String
    let token: String

    /// The lock of the `exec` that started us, if one did.
    static func fromEnvironment() -> OuterLock? {
        guard let name = ProcessEnvironment.value(of: "LOCKSTEAD_NAME"),
            let token = ProcessEnvironment.value(of: "LOCKSTEAD_TOKEN")
        else { return nil }
        return OuterLock(name: name, token: token)
    }

    /// RULES 13 between processes: who waits for the lock it was started under waits for itself.
    ///
    /// Only a wait without a limit is refused: whoever names one may know that the outer command ends before this one. What is left in the
    /// environment after the outer lock's end does no harm, because its token holds nothing any more.
    static func refuseEndlessWait(for request: ExecRequest, _ client: LockClient) async throws {
        guard case .forever = request.wait, let outer = fromEnvironment(), outer.name == request.name.text else {
            return
        }
        let holders = try await client.inspect(request.name)?.holders ?? []
        if holders.contains(where: { outer.blocks(request.mode, as: $0) }) {
            throw ExecFailure.heldByCaller(request.name)
        }
    }

    /// Whether this lock, seen as `holder`, keeps a request of `mode` out for as long as it is held.
    func blocks(_ mode: LockMode, as holder: LockDescription.Holder) -> Bool {
        guard "\(holder.token)" == token, holder.phase == .held else { return false }
        return switch (holder.mode, mode) {
        case (.shared, .shared): false
        case (.permits(_, let limit), _): limit == 1
        default: true
        }
    }
}
