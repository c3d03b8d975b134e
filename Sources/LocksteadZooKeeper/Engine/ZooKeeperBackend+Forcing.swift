import Jute
package import Lockstead

extension ZooKeeperBackend {
    /// So often holders change between our reading and our writing before we give up.
    private static let mostRaces = 20

    package func forceRelease(
        _ name: LockName, reason: String, now isImmediate: Bool, deadline: ContinuousTime
    ) async throws(LockError) -> ForcedRelease {
        guard reason.utf8.count <= Limits.reasonBytes else { throw LockError(Refusal.noteTooLong) }
        var forcing = Forcing(
            paths: naming.paths(of: name), reason: reason, isImmediate: isImmediate, deadline: limit(deadline))
        do throws(LockError) {
            return try await persistently(until: forcing.deadline) { (session) throws(LockError) in
                try await carryOut(&forcing, session)
            }
        } catch {
            // Some of several holders may have been told already.
            throw forcing.holders.isBegun ? error.with(effect: .mayHaveHappened) : error
        }
    }

    /// One forced release, over all its attempts.
    private struct Forcing {
        let paths: LockPaths
        let reason: String
        let isImmediate: Bool
        let deadline: ContinuousTime
        var holders = ForcedHolders()
    }

    private func carryOut(
        _ forcing: inout Forcing, _ session: ZooKeeperSession
    ) async throws(LockError) -> ForcedRelease {
        for _ in 0..<Self.mostRaces {
            let queue = try await queue(of: forcing.paths, session, forcing.deadline)
            let holders = forcing.holders.meant(
                among: try await standings(in: queue, session, forcing.deadline).holders)
            guard forcing.isImmediate || holders.allSatisfy({ $0.record != nil }) else {
                throw .foreignHolder(of: forcing.paths.name)
            }
            guard try await mark(holders, &forcing, session) else { continue }
            if forcing.isImmediate { try await remove(holders, forcing.paths, session, forcing.deadline) }
            let revoked = forcing.holders.revoked
            let longest = holders.compactMap { $0.record.map { Duration.milliseconds($0.lease) } }.max() ?? .zero
            return ForcedRelease(
                revoked: revoked, waitsAtMost: forcing.isImmediate ? .zero : longest,
                waivedExclusion: forcing.isImmediate && !revoked.isEmpty)
        }
        throw .holdersChangeTooFast(forcing.paths.name)
    }

    /// Marks the holders as revoked and tells their sessions; false where they have changed meanwhile.
    private func mark(
        _ holders: [Contender], _ forcing: inout Forcing, _ session: ZooKeeperSession
    ) async throws(LockError) -> Bool {
        for holder in holders {
            guard var record = holder.record, record.phase == .plain || forcing.isImmediate else {
                // Revoked before, perhaps by an attempt of ours whose answer was lost.
                forcing.holders.revoked(holder)
                await tell(holder, holder.record?.reason ?? "", forcing, session)
                continue
            }
            (record.phase, record.reason) = (forcing.isImmediate ? .forced : .revoked, forcing.reason)
            let marking = ZKOperation.setData(
                path: forcing.paths.contender(holder.name), data: record.bytes, version: holder.version)
            let (answer, isRepeated) = await tellWatchers(
                .revoked, of: holder.name, marking, session, until: forcing.deadline)
            switch answer {
            case .success: forcing.holders.revoked(holder)
            case .failure(let error) where error.code == .noNode || error.code == .badVersion:
                forcing.holders.isBegun = forcing.holders.isBegun || isRepeated
                return false
            case .failure(let error): throw LockError(error)
            }
            await tell(holder, forcing.reason, forcing, session)
        }
        return true
    }

    /// Has the holder's client hear of it at once; where that cannot be, its next renewal brings it.
    private func tell(
        _ holder: Contender, _ reason: String, _ forcing: Forcing, _ session: ZooKeeperSession
    ) async {
        guard let request = holder.name.request else { return }
        let path = naming.session(holder.session)
        for _ in 0..<Self.mostRaces {
            let reading = await askPersistently(
                .getData(path: path, watch: false), of: session, until: forcing.deadline)
            guard case .success(let answered) = reading.answer, case .data(let data, let stat) = answered.result else {
                return
            }
            var orders = Orders(data)
            orders.add(request, reason)
            let writing = ZKOperation.setData(path: path, data: orders.data, version: stat.version)
            // Where an earlier attempt did it, the order is there twice, and heard once.
            let answer = await askPersistently(writing, of: session, until: forcing.deadline).answer
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
