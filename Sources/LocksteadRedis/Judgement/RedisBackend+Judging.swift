package import Lockstead
import Logging

extension RedisBackend {
    /// Looks at the server before the first lock is asked for, and refuses one that would lose locks by itself.
    func judge(until deadline: ContinuousTime) async throws(LockError) {
        switch verdict.verdict {
        case .fit: return
        case .unfit(let error, let end) where time.now < end: throw error
        case .unfit, .open: break
        }
        let generation = verdict.generation
        let reports: [ServerReport]
        do throws(RedisError) { reports = try await self.reports(until: deadline) } catch {
            // The lock itself was not asked for.
            var failure = LockError(error)
            if failure.code == .indeterminate { failure.code = .engineUnavailable }
            failure.effect = .didNotHappen
            throw failure
        }
        let findings = ServerFinding.all(of: reports, as: engine)
        for finding in findings where finding.verdict == .warning { warn(of: finding) }
        guard let refusal = findings.first(where: { $0.verdict == .refusal }) else {
            return verdict.keep(.fit, of: generation)
        }
        let advice = refusal.advice.map { "; \($0)" } ?? ""
        let error = LockError(
            .unsuitableStorage, "This server does not carry locks: \(refusal.fact)\(advice).", effect: .didNotHappen,
            cause: reports.contains(where: \.isReplica)
                ? RedisError(.readOnly, refusal.fact, effect: .didNotHappen) : nil)
        verdict.keep(.unfit(error, until: time.now.advanced(by: Self.refusalLasts)), of: generation)
        throw error
    }

    /// What the servers say of themselves.
    ///
    /// One of several that does not answer keeps nobody from the others' locks; once it has been replaced all are asked again.
    private func reports(until deadline: ContinuousTime) async throws(RedisError) -> [ServerReport] {
        guard engine.topology == .cluster else {
            return [try await report(until: deadline)]
        }
        let limit = min(deadline, time.now.advanced(by: Self.shareOfOne))
        let answers = await ServerReport.ask(all: try await client.primaries(deadline: deadline), time: time, limit)
        // Who did not answer is not judged.
        let reports = answers.compactMap { try? $0.get() }
        guard reports.isEmpty, let first = answers.first else { return reports }
        return [try first.get()]
    }

    /// For so long one server of several is waited for.
    private static let shareOfOne = Duration.milliseconds(500)

    /// Asked again where an answer was lost: it is only a question.
    private func report(until deadline: ContinuousTime) async throws(RedisError) -> ServerReport {
        while true {
            do throws(RedisError) {
                return try await ServerReport.ask(client, time: time, deadline: deadline)
            } catch {
                let next = time.now.advanced(by: .milliseconds(10))
                guard error.code == .connectionLost, next < deadline, !Task.isCancelled else { throw error }
                // A cancellation is looked at in the next round.
                try? await time.sleep(until: next)
            }
        }
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
        let client: any RedisClient
        do throws(LockError) { client = try engine.client(context) } catch { return .failure(error) }
        let deadline = context.time.now.advanced(by: engine.configuration.timeouts.command)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            do throws(RedisError) {
                let servers = try await client.primaries(deadline: deadline)
                var reports: [ServerReport] = []
                for answer in await ServerReport.ask(all: servers, time: context.time, deadline) {
                    reports.append(try answer.get())
                }
                return .success(ServerFinding.all(of: reports, as: engine) + client.findings())
            } catch {
                return .failure(LockError(error))
            }
        }
    }
}
