package import Lockstead
package import Logging

/// One workload on one engine.
package struct BenchRun: Sendable {
    /// The lease of every lock.
    static let lease = Duration.seconds(8)

    let workload: Workload
    let engine: LockEngine
    let logger: Logger
    let timeline: Timeline
    let names: [LockName]
    let witnesses: [Witness]
    let barrier: Barrier
    let time = SystemTimeSource()
    private let engines = OpenEngines()

    /// Prepares a run.
    ///
    /// - Parameters:
    ///   - workload: What its clients do.
    ///   - engine: With which engine.
    ///   - warmUp: How long before anything is measured.
    ///   - window: How long it is measured; as the workload says, where it is `nil`.
    ///   - ground: Where clients of other programs are met; fresh names, unless given, so that runs do not meet.
    ///   - logger: For the clients.
    /// - Throws: `LockError` where the name given is none that locks can have.
    package init(
        _ workload: Workload, engine: LockEngine, warmUp: Duration, window: Duration?,
        ground: CommonGround = CommonGround(), logger: Logger
    ) throws(LockError) {
        (self.workload, self.engine, self.logger) = (workload, engine, logger)
        timeline = Timeline(warmUp: warmUp, window: window ?? workload.window)
        barrier = Barrier(count: workload.clients)
        names = try ground.names(for: workload)
        witnesses = names.map { _ in Witness(ground.witness) }
    }

    /// Runs it.
    ///
    /// - Returns: What was measured.
    /// - Throws: What kept the engine from being opened.
    package func run() async throws -> BenchResult {
        let (loadBefore, bytesBefore) = (Machine.load, Machine.residentBytes)
        let tallies = try await withThrowingTaskGroup(of: [Int: Tally].self) { group in
            group.addTask {
                await timeline.meet(participants)
                await timeline.watch { Reading.now(engines) }
                return [:]
            }
            if workload.isOneClient {
                group.addTask { try await withClient { client in await work(sharing: client) } }
            } else {
                for number in 0..<workload.clients {
                    group.addTask { try await withClient { client in [number: await work(number, client)] } }
                }
            }
            return try await group.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        }
        return result(tallies, loadBefore: loadBefore, bytesBefore: bytesBefore)
    }

    /// All clients, and who watches the clock.
    private var participants: Int { workload.clients + 1 }

    private func withClient(
        _ body: (LockClient) async -> [Int: Tally]
    ) async throws -> [Int: Tally] {
        var configuration = LockClient.Configuration()
        configuration.lease = Self.lease
        return try await LockClient.with(engines.remembering(engine), configuration: configuration, logger: logger) {
            await body($0)
        }
    }

    /// A task for each of the workload's clients.
    private func work(sharing client: LockClient) async -> [Int: Tally] {
        await withTaskGroup(of: (Int, Tally).self) { group in
            for number in 0..<workload.clients { group.addTask { (number, await work(number, client)) } }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// Works until the window is over.
    private func work(_ number: Int, _ client: LockClient) async -> Tally {
        let worker = Worker(run: self, number: number, client: client)
        await timeline.meet(participants)
        // Somebody's engine could not be opened: the run is given up, and its clients must not wait for one another.
        guard !Task.isCancelled else { return Tally() }
        return switch workload.shape {
        case .apart, .shared, .contended: await worker.loop()
        case .race: await worker.race()
        case .wait(let way):
            number == 0 ? await worker.holdAgainAndAgain() : await worker.awaitReleases(by: way)
        }
    }

    private func result(_ tallies: [Int: Tally], loadBefore: Double, bytesBefore: Int) -> BenchResult {
        var sum = Tally()
        for tally in tallies.values { sum.add(tally) }
        return BenchResult(
            workload: workload, sum: sum, shares: tallies.values.map(\.pairs),
            violations: witnesses.reduce(0) { $0 + $1.violations }, timeline: timeline,
            load: (loadBefore, Machine.load), bytesBefore: bytesBefore)
    }
}
