import Lockstead
import LocksteadEngines
import LocksteadTesting
import Logging

/// One process of a crowd that contends for locks while faults happen, with all that it does on record.
///
/// Obeys standard input: `work`, `rest`, `hold NAME`, `write NAME`, `leave NAME`, `ask NAME`, `ask-lossy NAME`, `state NAME`,
/// `clock WORD`, `report`, `stop`.
/// Says on standard output what comes of it: `inside NAME TOKEN`, `doubt NAME`, `sure NAME`, `lost NAME NANOSECONDS REASON`,
/// `wrote NAME`, `refused NAME`, `left NAME`.
package struct FaultWorker: Sendable {
    let options: WorkerOptions
    let recorder: HistoryRecorder
    let control: HistoryRecorder
    let time = SystemTimeSource()
    let isWorking = Watched(false)
    let tally = Watched(WorkerTally())
    /// Those who hold a lock until they are told what to do.
    let stays = Watched<[String: Stay]>([:])

    package init(_ options: WorkerOptions) throws {
        self.options = options
        let first = options.processes.lowerBound
        recorder = try HistoryRecorder(appendingTo: options.history, firstProcess: first)
        control = try HistoryRecorder(appendingTo: options.control, firstProcess: first)
    }

    /// Runs until it is told to stop, or its standard input ends.
    package func run() async throws {
        try await LockClient.with(try engine(), logger: logger) { client in
            StandardStreams.say("ready")
            await withDiscardingTaskGroup { group in
                for number in 0..<options.tasks { group.addTask { await contend(client, number) } }
                if options.rushing > 0 { group.addTask { await rush() } }
                for await line in StandardStreams.lines() {
                    obey(line, client, &group)
                }
                group.cancelAll()
            }
        }
        StandardStreams.say("stopped")
    }

    private func obey(_ line: String, _ client: LockClient, _ group: inout DiscardingTaskGroup) {
        let words = line.split(separator: " ").map(String.init)
        switch (words.first, words.dropFirst().first) {
        case ("work", nil): isWorking.update { $0 = true }
        case ("rest", nil): isWorking.update { $0 = false }
        case ("clock", let word?): StandardStreams.say("clock \(word) \(time.wallClockNanoseconds)")
        case ("report", nil): StandardStreams.say("report \(tally.value.inWords)")
        case ("hold", let name?): group.addTask { await hold(name, client) }
        case ("ask", let name?): group.addTask { await ask(name) }
        case ("ask-lossy", let name?): group.addTask { await ask(name, losing: 1) }
        case ("write", let name?): stays.value[name]?.advance(to: .writing)
        case ("leave", let name?): stays.value[name]?.advance(to: .leaving)
        case ("state", let name?): tellState(name)
        default: StandardStreams.say("failed to understand \(line)")
        }
    }

    private func tellState(_ name: String) {
        let lease = stays.value[name]?.lease
        StandardStreams.say("state \(name) \(lease.map { $0.isHeld ? "held" : "other" } ?? "none")")
    }

    var logger: Logger {
        var logger = Logger(label: "worker") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .critical
        return logger
    }

    /// The engine, on record.
    ///
    /// - Parameter cable: Loses answers where there is no network to do so.
    /// - Returns: The engine.
    /// - Throws: `LockError` where the URL is none.
    func engine(on cable: Cable = Cable()) throws -> LockEngine {
        let engine = try Engines.open(options.engine)
        return LockEngine(name: engine.name) { context in
            RecordingBackend(FaultyBackend(try engine.makeBackend(context), on: cable), recorder)
        }
    }

    var lease: Duration { .milliseconds(options.lease) }
}

/// What became of a worker's attempts.
struct WorkerTally: Sendable {
    var grants = 0
    var lost = 0
    var refused = 0
    var failures: [String: Int] = [:]

    var inWords: String {
        let failed = failures.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        return "grants=\(grants) lost=\(lost) refused=\(refused)\(failed)"
    }
}
