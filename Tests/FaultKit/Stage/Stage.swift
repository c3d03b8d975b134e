import Foundation
import Lockstead
import LocksteadEngines
import LocksteadTesting
import Logging
import Synchronization

/// Where one fault is brought: an engine, a crowd of processes that work on it, and the record of all they do.
final class Stage: Sendable {
    /// The lock that a fault is aimed at; the crowd leaves it alone.
    static let prize = "prize"
    /// A second one.
    static let second = "second"
    /// All locks of the run.
    var names: [String] { crowd.names + [Self.prize, Self.second] }

    let engine: any EngineUnderFault
    let crowd: Crowd
    let mode: FaultMode
    let lease: Duration
    let patience: Duration
    let workers: [WorkerProcess]
    /// Each worker's way to the engine, where the fault asked for one.
    let relays: [Relay]
    /// Each worker's clock, where the fault asked for it.
    let preloads: [Preload]
    let recorder: HistoryRecorder
    let control: HistoryRecorder
    let folder: String
    let time = SystemTimeSource()
    private let findings = Mutex(Findings())

    struct Findings: Sendable {
        var failures: [String] = []
        var notes: [String] = []
        var began: ContinuousTime?
        /// From when on no answer can be one that was given before the fault.
        var struck: ContinuousTime?
        var controlMustLose = false
        /// Checks that need the whole history.
        var later: [@Sendable (HistoryFacts) -> String?] = []
    }

    init(
        _ kind: any EngineKind, _ mode: FaultMode, _ setting: StageSetting, relays wantsRelays: Bool,
        preloads wantsPreloads: Bool, lease: Duration?, crowd: Crowd = Crowd()
    ) async throws {
        self.crowd = crowd
        (self.mode, folder, patience) = (mode, setting.folder, setting.patience)
        self.lease = setting.lease ?? lease ?? kind.lease
        let engine = try await kind.start(mode, in: folder)
        self.engine = engine
        do {
            recorder = try HistoryRecorder(appendingTo: folder + "/history", firstProcess: Self.firstProcess)
            control = try HistoryRecorder(appendingTo: folder + "/control", firstProcess: Self.firstProcess)
            var (relays, preloads) = ([Relay](), [Preload]())
            for number in 0..<setting.workers {
                if wantsRelays, let port = engine.port { relays.append(try Relay(to: port)) }
                if wantsPreloads { preloads.append(try await Preload(in: folder, name: "worker-\(number)")) }
            }
            (self.relays, self.preloads) = (relays, preloads)
            workers = try Self.workers(setting, self.lease, crowd, engine, relays, preloads)
            for worker in workers { _ = try await worker.hear("ready") }
        } catch {
            await engine.end()
            throw error
        }
    }

    /// Beyond those of all workers.
    private static let firstProcess = WorkerOptions.processes(ofWorker: 1_000).lowerBound

    private static func workers(
        _ setting: StageSetting, _ lease: Duration, _ crowd: Crowd, _ engine: any EngineUnderFault,
        _ relays: [Relay], _ preloads: [Preload]
    ) throws -> [WorkerProcess] {
        try (0..<setting.workers).map { number in
            let url = relays.isEmpty ? engine.url(ofWorker: number) : engine.url(through: relays[number].port)
            var options = WorkerOptions(
                engine: url, history: setting.folder + "/history", control: setting.folder + "/control",
                ledgers: setting.folder, number: number, names: crowd.names,
                lease: Int(TimeSpan(lease).nanoseconds / 1_000_000), tasks: crowd.tasks ?? setting.tasks,
                hold: crowd.hold, writesEvery: crowd.writesEvery)
            options.rushing = crowd.rushing
            let environment = preloads.isEmpty ? [:] : preloads[number].environment
            return try WorkerProcess(
                options, program: setting.program, launcher: engine.launcher(ofWorker: number), environment: environment
            )
        }
    }

    /// Ends all that runs.
    func end() async {
        for relay in relays { relay.set { $0 = RelayRules() } }
        for worker in workers { worker.resume() }
        for worker in workers where !worker.isKilled {
            if let fault = await worker.end() { fail("worker \(worker.options.number) \(fault)") }
            for complaint in worker.complaints { note("worker \(worker.options.number) \(complaint)") }
        }
        for relay in relays { relay.end() }
        await engine.end()
    }

    // MARK: What is found

    func note(_ text: String) { findings.withLock { $0.notes.append(text) } }
    func fail(_ text: String) { findings.withLock { $0.failures.append(text) } }

    /// Says what was seen, and fails where it is not as it must be.
    func check(_ isRight: Bool, _ text: String) { if isRight { note(text) } else { fail("not so: \(text)") } }

    func later(_ check: @escaping @Sendable (HistoryFacts) -> String?) { findings.withLock { $0.later.append(check) } }

    /// The resource that checks no tokens has to lose an update, or the harness sees nothing.
    func expectControlToLose() { findings.withLock { $0.controlMustLose = true } }

    var found: Findings { findings.withLock { $0 } }

    // MARK: Time

    /// Records that the fault begins; the first one counts for the figures.
    func begin(_ fault: String, _ detail: String = "") {
        recorder.nemesis(fault, true, detail)
        findings.withLock { findings in if findings.began == nil { findings.began = time.now } }
    }

    /// Says that the fault has done its work: what is granted from now on is new.
    func strike() { findings.withLock { $0.struck = time.now } }

    func cease(_ fault: String) { recorder.nemesis(fault, false) }

    func pass(_ duration: Duration) async throws {
        // The length of a fault is the fault.
        try await time.sleep(until: time.now.advanced(by: duration))
    }

    // MARK: Common steps

    func crowd(works: Bool) { for worker in workers where !worker.isKilled { worker.say(works ? "work" : "rest") } }

    /// Has the first worker hold the prize and the second wait for it, while the crowd works.
    func open() async throws {
        workers[0].say("hold \(Self.prize)")
        _ = try await workers[0].hear("inside \(Self.prize)")
        workers[1].say("hold \(Self.prize)")
        crowd(works: true)
        try await pass(.milliseconds(500))
    }

    /// Has everybody leave the prize, in the order in which they hold it.
    func close() async throws {
        for worker in workers[..<2] where !worker.isKilled {
            worker.say("write \(Self.prize)")
            worker.say("leave \(Self.prize)")
            _ = try await worker.hear("left \(Self.prize)", within: .seconds(30))
        }
        try await pass(.milliseconds(300))
        crowd(works: false)
    }

    /// The lock as the engine has it, asked for by a way of our own.
    func inspect(_ name: String) async throws -> LockDescription? {
        var logger = Logger(label: "faults")
        logger.logLevel = .critical
        return try await LockClient.with(try Engines.open(engine.url), logger: logger) { client in
            try await client.inspect(name)
        }
    }
}
