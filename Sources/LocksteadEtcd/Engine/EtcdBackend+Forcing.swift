package import Lockstead

extension EtcdBackend {
    /// So often holders change between our reading and our writing before we give up.
    private static let mostRaces = 20

    package func forceRelease(
        _ name: LockName, reason: String, now isImmediate: Bool, deadline: ContinuousTime
    ) async throws(LockError) -> ForcedRelease {
        guard reason.utf8.count <= Limits.reasonBytes else { throw LockError(Refusal.noteTooLong) }
        let deadline = limit(deadline)
        var forced = ForcedHolders()
        do throws(LockError) {
            return try await carryOut(&forced, name, reason, isImmediate, deadline)
        } catch {
            // Some of several holders may have been told already.
            throw forced.isBegun ? error.with(effect: .mayHaveHappened) : error
        }
    }

    private func carryOut(
        _ forced: inout ForcedHolders, _ name: LockName, _ reason: String, _ isImmediate: Bool,
        _ deadline: ContinuousTime
    ) async throws(LockError) -> ForcedRelease {
        for _ in 0..<Self.mostRaces {
            let standings = try await standings(in: try await queue(of: name, deadline).queue, deadline)
            let holders = forced.meant(among: standings.holders)
            guard isImmediate || holders.allSatisfy({ $0.record != nil }) else { throw .foreignHolder(of: name) }
            guard try await mark(holders, &forced, reason, isImmediate, deadline) else { continue }
            if isImmediate { try await remove(holders, deadline) }
            return ForcedRelease(
                revoked: forced.revoked, waitsAtMost: isImmediate ? .zero : await wait(for: holders, deadline),
                waivedExclusion: isImmediate && !forced.revoked.isEmpty)
        }
        throw .holdersChangeTooFast(name)
    }

    /// Marks the holders as revoked and leaves each a message; false where they have changed meanwhile.
    private func mark(
        _ holders: [Contender], _ forced: inout ForcedHolders, _ reason: String, _ isImmediate: Bool,
        _ deadline: ContinuousTime
    ) async throws(LockError) -> Bool {
        // One by one: a semaphore has more holders than a transaction has room for.
        for holder in holders {
            guard var record = holder.record, record.phase == .plain || isImmediate else {
                forced.revoked(holder)
                continue
            }
            (record.phase, record.reason) = (isImmediate ? .forced : .revoked, reason)
            var transaction = Transaction()
            transaction.require(holder.key, modified: holder.modified)
            transaction.then(.rewrite(holder.key, value: record.bytes))
            if let request = holder.request {
                let message = naming.message(to: holder.lease, about: request)
                transaction.then(.put(message, value: Array(reason.utf8), lease: holder.lease))
            }
            switch await askPersistently(transaction.request, until: deadline) {
            case .success(let answered):
                if answered.isRepeated { forced.isBegun = true }
                // A repetition that comes second finds its own mark when it reads again, or somebody who holds by now.
                guard answered.answer.succeeded else { return false }
            case .failure(let error) where error.code == .noSuchLease: continue
            // A store that is full takes no mark; the key can go without one.
            case .failure(let error) where error.code == .full && isImmediate: break
            case .failure(let error): throw LockError(error)
            }
            forced.revoked(holder)
        }
        return true
    }

    private func remove(_ holders: [Contender], _ deadline: ContinuousTime) async throws(LockError) {
        for holder in holders {
            let answer = await askPersistently(removing(holder.key, holder.created).request, until: deadline)
            if case .failure(let error) = answer { throw LockError(error).with(effect: .mayHaveHappened) }
        }
    }

    /// How long until the last of the holders' leases has run out, if nobody gives back before.
    private func wait(for holders: [Contender], _ deadline: ContinuousTime) async -> Duration {
        var longest = Duration.zero
        let rests = await remaining(of: holders[...], deadline)
        for holder in holders {
            let asked = Duration.milliseconds(holder.record?.lease ?? 0)
            // Told in whole seconds, rounded down.
            longest = max(longest, min(rests[holder.lease].map { $0 + .seconds(1) } ?? asked, asked))
        }
        return longest
    }
}
