package import Lockstead

extension EtcdBackend {
    /// Asks the members of an engine about themselves, over connections of its own.
    ///
    /// - Returns: The findings, or why the cluster could not be asked.
    package static func examine(
        _ engine: EtcdEngine, context: EngineContext
    ) async -> Result<[EngineFinding], LockError> {
        let backend: EtcdBackend
        do throws(LockError) { backend = try EtcdBackend(engine, context: context) } catch { return .failure(error) }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await backend.client.run() }
            defer { backend.client.stop() }
            return await backend.examine()
        }
    }

    private func examine() async -> Result<[EngineFinding], LockError> {
        let deadline = time.now.advanced(by: min(engine.configuration.timeouts.call, .seconds(5)))
        // One that hangs leaves time for what the others have to say.
        var report = ClusterReport(members: await statuses(time.now.advanced(by: Self.patienceWithAll)))
        guard report.members.contains(where: \.isReached) else { return .success([unreached(report)]) }
        do throws(EtcdError) {
            report.memberCount = try await client.ask(Etcdserverpb_MemberListRequest(), deadline: deadline).answer
                .members.count
            let alarms = try await client.ask(Etcdserverpb_AlarmRequest(), deadline: deadline).answer.alarms
            report.alarms = alarms.map { "\($0.alarm)" }
        } catch {
            // A user of the locks alone may not ask for that; locks need a leader, which is judged by itself.
            guard error.code == .permissionDenied || error.code == .noLeader else { return .failure(LockError(error)) }
        }
        report.writeTime = await slowestWrite(deadline)
        report.nestedNames = await nestedNames(deadline)
        return .success(report.findings)
    }

    private func unreached(_ report: ClusterReport) -> EngineFinding {
        report.findings.first ?? EngineFinding("members", .failure, "no member answers", nil)
    }

    /// For so long members are waited for, all at once.
    private static let patienceWithAll = Duration.seconds(2)

    private func statuses(_ deadline: ContinuousTime) async -> [ClusterReport.Member] {
        await withTaskGroup(of: (Int, ClusterReport.Member).self) { group in
            for (index, member) in client.members.enumerated() {
                group.addTask { (index, await self.status(of: member, deadline)) }
            }
            let found = await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            return client.members.indices.compactMap { found[$0] }
        }
    }

    private func status(of member: EtcdMember, _ deadline: ContinuousTime) async -> ClusterReport.Member {
        var result = ClusterReport.Member(endpoint: member.endpoint)
        do throws(EtcdError) {
            let answer = try await client.ask(member, Etcdserverpb_StatusRequest(), deadline)
            (result.isReached, result.leader, result.version) = (true, answer.leader, EtcdVersion(answer.version))
        } catch {
            // One that says that it has no leader has answered.
            result.isReached = error.code == .noLeader
            result.problem = error.message
        }
        return result
    }

    /// The slowest of three leases, each of which is written durably by a majority.
    private func slowestWrite(_ deadline: ContinuousTime) async -> Duration? {
        var slowest: Duration?
        for _ in 0..<3 {
            var request = Etcdserverpb_LeaseGrantRequest()
            request.ttl = SessionBook.seconds(of: EtcdEngine.shortestLease)
            let start = time.now
            // A cluster that does not take it is told of elsewhere.
            guard (try? await client.ask(request, deadline: deadline)) != nil else { return slowest }
            slowest = max(slowest ?? .zero, start.duration(to: time.now))
        }
        return slowest
    }

    private func nestedNames(_ deadline: ContinuousTime) async -> [LockName] {
        // What cannot be listed has been told of elsewhere.
        guard let names = (try? await queues(under: "", deadline))?.queues.keys else { return [] }
        let all = Set(names.map(\.text))
        return names.sorted().filter { name in
            name.text.indices.contains { name.text[$0] == "/" && all.contains(String(name.text[..<$0])) }
        }
    }
}
