import Lockstead

/// What several ranges held at one moment.
struct Snapshot: Sendable {
    /// In the order in which they were asked for.
    let reads: [Etcdserverpb_RangeResponse]
    let revision: Int64
}

extension EtcdClient {
    /// Reads ranges as they are at one moment; a single one as what it is, and several by a transaction.
    ///
    /// A member of 3.5.0 to 3.5.6 dies of a transaction of reads that its client gives up, and of a single read it does not.
    func read(
        _ ranges: [Etcdserverpb_RangeRequest], deadline: ContinuousTime, within span: Duration? = nil
    ) async throws(EtcdError) -> Snapshot {
        if ranges.count == 1 {
            let answer = try await ask(ranges[0], deadline: deadline, .urgent, within: span).answer
            return Snapshot(reads: [answer], revision: answer.header.revision)
        }
        var transaction = Transaction()
        for range in ranges { transaction.then(.read(range)) }
        let answer = try await ask(transaction.request, deadline: deadline, .urgent, within: span).answer
        guard answer.reads.count == ranges.count else { throw .badAnswer }
        return Snapshot(reads: answer.reads, revision: answer.header.revision)
    }
}

extension EtcdBackend {
    /// Reads once; not affected by cancellation of the calling task.
    func read(
        _ ranges: [Etcdserverpb_RangeRequest], until deadline: ContinuousTime
    ) async -> Result<Snapshot, EtcdError> {
        await shieldedFromCancellation {
            do throws(EtcdError) { return .success(try await self.client.read(ranges, deadline: deadline)) } catch {
                return .failure(error)
            }
        }
    }
}

extension EtcdError {
    fileprivate static let badAnswer = EtcdError(
        .protocolViolation,
        "The member's answer to Txn cannot be read; is something between that changes answers?", effect: .didNotHappen)
}
