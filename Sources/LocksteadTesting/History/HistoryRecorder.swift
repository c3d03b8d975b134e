public import Lockstead
import Synchronization

/// Records what processes ask of locks and do under them, for ``HistoryJudge``.
///
/// Put a ``RecordingBackend`` around the engine, and tell the recorder what happens inside of critical sections; then judge ``bytes``, or
/// the file with `lockstead verify`. Each line is with the system before the call that it announces is sent, so that a history
/// survives the death of its process, though not a loss of power. Several recorders may append to one file.
///
/// Writing a line blocks for as long as appending to a file does. Safe to use from any task.
public final class HistoryRecorder: Sendable {
    /// One line of work in a history, as Jepsen has them: a number that is never used again once an outcome is unknown.
    public typealias Process = UInt64

    struct State {
        var sink: HistorySink
        var next: Process
        /// What each owner goes by now.
        var processes: [OwnerID: Life] = [:]
        /// Whose grants these are, so that critical sections find their process.
        var holders: [Holding: OwnerID] = [:]
        /// Requests under way, for those who tell of queues.
        var underWay: [RequestID: Process] = [:]
        /// Processes of those who are inside though their grants have ended, or were not made through a backend.
        var sections: [Holding: Process] = [:]
        var nextRequest: UInt64 = 0
        var clients = 0
    }

    struct Life {
        var process: Process
        /// Whose client asks for it.
        var client: Int
        var isRetired = false
        /// Calls under way and grants: while there are any, the owner is remembered.
        var ties = 0
    }

    struct Holding: Hashable {
        var name: LockName
        var token: FencingToken
    }

    let time: any TimeSource
    private let state: Mutex<State>

    /// Records in memory.
    ///
    /// - Parameters:
    ///   - firstProcess: The number of the first process.
    ///   - time: Whose continuous clock stamps the lines.
    public init(firstProcess: Process = 1, time: any TimeSource = SystemTimeSource()) {
        self.time = time
        state = Mutex(State(sink: HistorySink(), next: firstProcess))
    }

    /// Appends to a file, which is made where there is none.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - firstProcess: The number of the first process; recorders of one file need numbers of their own.
    ///   - time: Whose continuous clock stamps the lines.
    /// - Throws: The system's error where the file cannot be opened.
    public init(appendingTo path: String, firstProcess: Process, time: any TimeSource = SystemTimeSource()) throws {
        self.time = time
        state = Mutex(State(sink: try HistorySink(appendingTo: path), next: firstProcess))
    }

    /// What was recorded in memory; empty where it goes to a file.
    public var bytes: [UInt8] { state.withLock { $0.sink.bytes } }

    /// What was recorded in memory, as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Why lines are missing from the end of the file, in words; `nil` where none is.
    ///
    /// Look here before you trust a clean judgement of a file.
    public var failure: String? { state.withLock { $0.sink.failure.map { "\($0)" } } }

    /// Judges what was recorded in memory so far.
    ///
    /// - Parameter rules: By what.
    /// - Returns: What was found.
    /// - Throws: `HistoryError` where lines contradict each other.
    public func judge(_ rules: JudgeRules = JudgeRules()) throws(HistoryError) -> Judgement {
        try HistoryJudge(rules: rules).judge(bytes)
    }

    /// Writes a line, stamped inside of the lock, so that times rise from line to line.
    @discardableResult
    func write<R: Sendable>(_ body: (inout State, Int64) -> ([UInt8], R)) -> R {
        state.withLock { state in
            let (line, result) = body(&state, time.now.nanoseconds)
            if !line.isEmpty { state.sink.write(line) }
            return result
        }
    }
}

// MARK: Processes

extension HistoryRecorder.State {
    /// What the owner goes by from now on, and what it went by before, if that is over.
    mutating func process(
        of owner: OwnerID, client: Int
    ) -> (process: HistoryRecorder.Process, was: HistoryRecorder.Process?) {
        guard let life = processes[owner] else { return (begin(owner, client, ties: 0), nil) }
        guard life.isRetired else { return (life.process, nil) }
        return (begin(owner, client, ties: life.ties), life.process)
    }

    private mutating func begin(_ owner: OwnerID, _ client: Int, ties: Int) -> HistoryRecorder.Process {
        defer { next += 1 }
        processes[owner] = HistoryRecorder.Life(process: next, client: client, ties: ties)
        return next
    }

    /// Does nothing where the owner has gone on as another process since.
    mutating func retire(_ owner: OwnerID, _ process: HistoryRecorder.Process) {
        if processes[owner]?.process == process { processes[owner]?.isRetired = true }
    }

    mutating func tie(_ owner: OwnerID, by step: Int) {
        processes[owner]?.ties += step
        // One that is retired may come back, and must then say who it was.
        if let life = processes[owner], life.ties <= 0, !life.isRetired { processes[owner] = nil }
    }
}
