package import Lockstead
import Logging
import Synchronization

/// What was found about the server, until the connection is made anew: another server may be behind it then.
final class VerdictKeeper: Sendable {
    enum Verdict: Sendable {
        case open
        case fit
        /// Until then; a server may be made fit while the connection stays.
        case unfit(LockError, until: ContinuousTime)
    }

    private let state = Mutex(Verdict.open)
    var verdict: Verdict { state.withLock { $0 } }
    func keep(_ verdict: Verdict) { state.withLock { $0 = verdict } }
    func forget() { keep(.open) }
}

extension RedisBackend {
    /// Looks at the server before the first lock is asked for, and refuses one that would lose locks by itself.
    func judge(until deadline: ContinuousTime) async throws(LockError) {
        switch verdict.verdict {
        case .fit: return
        case .unfit(let error, let end) where time.now < end: throw error
        case .unfit, .open: break
        }
        let report: ServerReport
        do throws(RedisError) {
            report = try await ServerReport.ask(client, time: time, deadline: deadline)
        } catch {
            // The lock itself was not asked for.
            var failure = LockError(error)
            if failure.code == .indeterminate { failure.code = .engineUnavailable }
            failure.effect = .didNotHappen
            throw failure
        }
        let findings = ServerFinding.all(of: report, acceptsEviction: engine.acceptsEviction)
        for finding in findings where finding.verdict == .warning { warn(of: finding) }
        guard let refusal = findings.first(where: { $0.verdict == .refusal }) else { return verdict.keep(.fit) }
        let advice = refusal.advice.map { "; \($0)" } ?? ""
        let error = LockError(
            .unsuitableStorage, "This server does not carry locks: \(refusal.fact)\(advice).", effect: .didNotHappen,
            cause: report.isReplica ? RedisError(.readOnly, refusal.fact, effect: .didNotHappen) : nil)
        verdict.keep(.unfit(error, until: time.now.advanced(by: Self.refusalLasts)))
        throw error
    }

    /// So that those who try again and again do not each ask the server what it is.
    private static let refusalLasts = Duration.seconds(1)

    private func warn(of finding: ServerFinding) {
        logger.info(
            "The server may lose locks",
            metadata: [
                "subject": "\(finding.subject)", "fact": "\(finding.fact)", "advice": "\(finding.advice ?? "")",
            ])
    }
}

extension RedisBackend {
    /// Asks the server of an engine about itself, over connections of its own.
    ///
    /// - Returns: The findings, or why the server could not be asked.
    package static func examine(
        _ engine: RedisEngine, context: EngineContext
    ) async -> Result<[ServerFinding], LockError> {
        let client: RedisNode
        do throws(LockError) { client = try engine.node(context) } catch { return .failure(error) }
        let deadline = context.time.now.advanced(by: engine.configuration.timeouts.command)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            do throws(RedisError) {
                let report = try await ServerReport.ask(client, time: context.time, deadline: deadline)
                return .success(ServerFinding.all(of: report, acceptsEviction: engine.acceptsEviction))
            } catch {
                return .failure(LockError(error))
            }
        }
    }
}
