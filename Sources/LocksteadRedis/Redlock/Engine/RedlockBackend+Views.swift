package import Lockstead

extension RedlockBackend {
    package func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        let keys = [name]
        _ = try self.keys(of: keys)
        let (views, silent) = try await answers(until: deadline) { node, limit throws(LockError) in
            try await node.single.inspect(name, deadline: limit)
        }
        return NodeViews(quorum: quorum, silent: silent).merged(name, views.compactMap(\.self))
    }

    package func list(
        prefix: String, limit: Int, deadline: ContinuousTime
    ) async throws(LockError) -> [LockDescription] {
        guard limit > 0 else { return [] }
        let most = limit.saturatingAdding(Self.spare)
        let (views, silent) = try await answers(until: deadline) { node, end throws(LockError) in
            try await node.single.list(prefix: prefix, limit: most, deadline: end)
        }
        let byName = Dictionary(grouping: views.flatMap(\.self), by: \.name)
        let merging = NodeViews(quorum: quorum, silent: silent)
        let found = byName.compactMap { merging.merged($0.key, $0.value) }
        return Array(found.sorted { $0.name < $1.name }.prefix(limit))
    }

    /// So many more are asked of each node, for what single nodes have that is nobody's.
    private static let spare = 64

    package func forceRelease(
        _ name: LockName, reason: String, now isImmediate: Bool, deadline: ContinuousTime
    ) async throws(LockError) -> ForcedRelease {
        _ = try keys(of: [name])
        let (parts, _) = try await answers(until: deadline) { node, limit throws(LockError) in
            try await node.single.forceRelease(name, reason: reason, now: isImmediate, deadline: limit)
        }
        // What single attempts left on a node has no token that anybody was told.
        let tokens = parts.flatMap(\.revoked).filter { $0.rawValue > 0 }
        let counts = Dictionary(tokens.map { ($0, 1) }, uniquingKeysWith: +)
        let revoked = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }.map { [$0.key] } ?? []
        return ForcedRelease(
            revoked: revoked, waitsAtMost: parts.map(\.waitsAtMost).max() ?? .zero,
            waivedExclusion: isImmediate && !revoked.isEmpty)
    }

    /// What each node answers, if a majority does, and how many did not.
    private func answers<Answer: Sendable>(
        until deadline: ContinuousTime,
        _ ask: @escaping @Sendable (RedlockNode, ContinuousTime) async throws(LockError) -> Answer
    ) async throws(LockError) -> (answers: [Answer], silent: Int) {
        try ensureRunning()
        try await ready(until: limit(deadline))
        let end = min(limit(deadline), time.now.advanced(by: engine.configuration.timeouts.command))
        let results = await withTaskGroup(of: Result<Answer, LockError>.self) { group in
            for node in nodes where node.isFit {
                group.addTask {
                    do throws(LockError) { return .success(try await ask(node, end)) } catch { return .failure(error) }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var (answers, failures) = ([Answer](), [LockError]())
        for result in results {
            switch result {
            case .success(let answer): answers.append(answer)
            case .failure(let error): failures.append(error)
            }
        }
        guard answers.count >= quorum.majority else { throw failures.first ?? unavailable() }
        return (answers, nodes.count - answers.count)
    }
}

// MARK: What a majority of nodes cannot carry (R39)

extension RedlockBackend {
    package func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> {
        AsyncThrowingStream { $0.finish(throwing: Self.unsupported("tells no changes")) }
    }

    package func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        throw Self.unsupported("has no shared mode")
    }

    package func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        throw Self.unsupported("hands nothing over")
    }

    private static func unsupported(_ problem: String) -> LockError {
        LockError(
            .unsupported,
            "The engine redlock \(problem): a majority of nodes agrees on one holder, and on nothing else.",
            effect: .didNotHappen)
    }
}
