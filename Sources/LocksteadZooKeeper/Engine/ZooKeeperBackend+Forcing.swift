import Jute
package import Lockstead

extension ZooKeeperBackend {
    /// So often holders change between our reading and our writing before we give up.
    private static let mostRaces = 20

    package func forceRelease(
        _ name: LockName, reason: String, now isImmediate: Bool, deadline: ContinuousTime
    ) async throws(LockError) -> ForcedRelease {
        guard reason.utf8.count <= Limits.reasonBytes else { throw LockError(Refusal.noteTooLong) }
        let deadline = limit(deadline)
        var isBegun = false
        do throws(LockError) {
            return try await withSession { (session) throws(LockError) in
                try await forced(name, reason, isImmediate, session, deadline, &isBegun)
            }
        } catch {
            // Some of several holders may have been told already.
            throw isBegun ? error.with(effect: .mayHaveHappened) : error
        }
    }

    private func forced(
        _ name: LockName, _ reason: String, _ isImmediate: Bool, _ session: ZooKeeperSession,
        _ deadline: ContinuousTime, _ isBegun: inout Bool
    ) async throws(LockError) -> ForcedRelease {
        let paths = naming.paths(of: name)
        for _ in 0..<Self.mostRaces {
            let queue = try await queue(of: paths, session, deadline)
            let holders = try await standings(in: queue, session, deadline).holders
            guard !holders.isEmpty else {
                return ForcedRelease(revoked: [], waitsAtMost: .zero, waivedExclusion: false)
            }
            guard isImmediate || holders.allSatisfy({ $0.record != nil }) else { throw .foreignHolder(of: name) }
            guard try await mark(holders, paths, reason, isImmediate, session, deadline, &isBegun) else { continue }
            if isImmediate { try await remove(holders, paths, session, deadline) }
            let longest = holders.compactMap { $0.record.map { Duration.milliseconds($0.lease) } }.max() ?? .zero
            return ForcedRelease(
                revoked: holders.map(\.token), waitsAtMost: isImmediate ? .zero : longest, waivedExclusion: isImmediate)
        }
        throw .holdersChangeTooFast(name)
    }

    /// Marks the holders as revoked and tells their sessions; false where they have changed meanwhile.
    private func mark(
        _ holders: [Contender], _ paths: LockPaths, _ reason: String, _ isImmediate: Bool, _ session: ZooKeeperSession,
        _ deadline: ContinuousTime, _ isBegun: inout Bool
    ) async throws(LockError) -> Bool {
        for holder in holders {
            guard var record = holder.record, record.phase == .plain || isImmediate else { continue }
            (record.phase, record.reason) = (isImmediate ? .forced : .revoked, reason)
            let marking = ZKOperation.setData(
                path: paths.contender(holder.name), data: record.bytes, version: holder.version)
            let (answer, isRepeated) = await tellWatchers(.revoked, of: holder.name, marking, session, until: deadline)
            switch answer {
            case .success: isBegun = true
            case .failure(let error) where error.code == .noNode || error.code == .badVersion:
                isBegun = isBegun || isRepeated
                return false
            case .failure(let error): throw LockError(error)
            }
            if let request = holder.name.request { await tell(holder.session, request, reason, session, deadline) }
        }
        return true
    }

    /// Has the holder's client hear of it at once; where that cannot be, its next renewal brings it.
    private func tell(
        _ holder: Int64, _ request: RequestID, _ reason: String, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async {
        let path = naming.session(holder)
        for _ in 0..<Self.mostRaces {
            guard
                case .success(let answered) = await ask(
                    .getData(path: path, watch: false), of: session, until: deadline),
                case .data(let data, let stat) = answered.result
            else { return }
            var orders = Orders(data)
            orders.add(request, reason)
            let answer = await ask(
                .setData(path: path, data: orders.data, version: stat.version), of: session, until: deadline)
            guard case .failure(let error) = answer, error.code == .badVersion else { return }
        }
    }

    private func remove(
        _ holders: [Contender], _ paths: LockPaths, _ session: ZooKeeperSession, _ deadline: ContinuousTime
    ) async throws(LockError) {
        for holder in holders {
            let deletion = ZKOperation.delete(path: paths.contender(holder.name))
            let answer = await tellWatchers(.forced, of: holder.name, deletion, session, until: deadline).answer
            if case .failure(let error) = answer, error.code != .noNode {
                throw LockError(error).with(effect: .mayHaveHappened)
            }
        }
    }
}
