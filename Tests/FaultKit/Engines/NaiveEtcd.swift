import Dispatch
import Foundation
import Lockstead
import LocksteadEngines
import LocksteadTesting
import Logging
import Synchronization
import TestServers

/// A lock as etcd's own Go package makes it: a key in the queue on a lease, and belief as long as signs of life are answered.
///
/// It asks one member alone, and never looks at its key again.
final class NaiveEtcd: BackendDecorator {
    let base: any LockBackend
    private let member: EtcdServer
    private let lease = Mutex("")
    private let time = SystemTimeSource()

    private init(base: any LockBackend, member: EtcdServer) { (self.base, self.member) = (base, member) }

    /// Takes a lock and keeps it until the task is cancelled.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - member: The member to ask.
    ///   - recorder: Where all is recorded.
    ///   - isInside: Says whether it has the lock.
    static func hold(
        _ name: String, at member: EtcdServer, _ recorder: HistoryRecorder, _ isInside: Watched<Bool>
    ) async {
        let naive = LockEngine(name: "naive") { context in
            // For its capabilities alone: it is asked for nothing.
            let base = try Engines.open("etcd://\(member.authority)").makeBackend(context)
            return RecordingBackend(NaiveEtcd(base: base, member: member), recorder)
        }
        let logger = Logger(label: "naive") { _ in SwiftLogNoOpLogHandler() }
        // The cancellation ends it; what else goes wrong with such a lock is what it is for.
        try? await LockClient.with(naive, logger: logger) { client in
            try await client.withLock(name, waitingAtMost: .seconds(60), lease: .seconds(3)) { lease in
                try await recorder.criticalSection(lease) {
                    isInside.update { $0 = true }
                    try await Task.sleep(for: .seconds(600))
                }
            }
        }
    }

    func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        guard let name = request.names.first?.text else { return .busy(nil) }
        while !Task.isCancelled {
            do {
                return .granted(try await queue(request, name))
            } catch {
                // Without a leader nothing is answered, and what lost its place asks for another. The loop looks at the cancellation.
                try? await time.sleep(until: time.now.advanced(by: Self.pause))
            }
        }
        return .busy(nil)
    }

    private static let pause = Duration.milliseconds(200)

    /// Queues with a key on a lease of its own, and waits until that is the first.
    private func queue(_ request: LockRequest, _ name: String) async throws -> Grant {
        let words = try await ask("lease", "grant", "\(request.lease.components.seconds)").split(separator: " ")
        guard words.count > 1 else { throw ServerError("no lease: \(words)") }
        let own = String(words[1])
        lease.withLock { $0 = own }
        _ = try await ask("put", "\(name)/\(own)", "naive", "--lease=\(own)")
        while true {
            let sent = time.now
            if let token = try await token(name, own) { return grant(request, token, sent) }
            try await time.sleep(until: time.now.advanced(by: Self.pause))
        }
    }

    /// The create revision of the own key, where that is the first in the queue, after a sign of life.
    ///
    /// - Throws: `ServerError` where the key is gone.
    private func token(_ name: String, _ own: String) async throws -> Int64? {
        let words = ["--prefix", "--sort-by=CREATE", "--order=ASCEND", "--write-out", "json"]
        let listing: String
        do throws(LockError) {
            _ = try await ask("lease", "keep-alive", own, "--once")
            listing = try await ask(["get", name + "/"] + words)
        } catch {
            // Without a leader nothing is answered, and nothing runs out: the place may still be there.
            return nil
        }
        let keys = try KeyListing(listing).kvs ?? []
        let key = Data("\(name)/\(own)".utf8)
        guard let place = keys.firstIndex(where: { $0.key == key }) else { throw ServerError("the place is lost") }
        return place == 0 ? keys[0].created : nil
    }

    private func grant(_ request: LockRequest, _ token: Int64, _ sent: ContinuousTime) -> Grant {
        Grant(
            request: request.id, owner: request.owner, names: request.names, mode: request.mode,
            token: FencingToken(rawValue: UInt64(max(0, token))), lease: request.lease,
            validity: .armed(at: sent, for: request.lease), holdLimit: nil, guarantee: capabilities.guarantee)
    }

    func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let sent = time.now
        do throws(LockError) {
            _ = try await ask("lease", "keep-alive", lease.withLock { $0 }, "--once")
            return grants.map { .renewed(.armed(at: sent, for: $0.lease)) }
        } catch {
            return grants.map { _ in .unknown(error) }
        }
    }

    func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        // What cannot be revoked runs out.
        _ = try? await ask("lease", "revoke", lease.withLock { $0 })
        return .released
    }

    func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {}

    private func ask(_ words: String...) async throws(LockError) -> String { try await ask(words) }

    /// On a thread of its own: the tool is waited for.
    private func ask(_ words: [String]) async throws(LockError) -> String {
        let answer: Result<String, any Error> = await withCheckedContinuation { [member] continuation in
            DispatchQueue.global().async {
                let limits = ["--command-timeout=1s", "--dial-timeout=1s"]
                continuation.resume(returning: Result { try member.control(words + limits) })
            }
        }
        do { return try answer.get() } catch {
            throw LockError(.engineUnavailable, "\(error)", effect: .mayHaveHappened)
        }
    }
}
