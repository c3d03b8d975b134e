/// A history as the judge works on it: operations instead of lines, numbers instead of texts.
struct History {
    /// One call of an engine, from its invocation to its answer.
    struct Operation {
        var kind: HistoryLine.Operation
        var outcome: Outcome
        /// For a failure: whether it says that the grant was gone.
        var isLoss = false
        var isNow = false
        /// Into ``History/processes``.
        var process: Int32
        /// Into ``History/keyNames``; of several names, the first.
        var key: Int32
        /// Into ``History/keyLists``, or -1 for a single name.
        var keyList: Int32 = -1
        /// Into ``History/terms``.
        var terms: Int32
        var invokeLine: UInt32
        /// 0 where there is none.
        var answerLine: UInt32 = 0
        var invoked: Int64
        /// From when on its lease counts: the invocation, or where the answer said so an earlier sign of life.
        var armed: Int64
        /// The end of time where there was no answer.
        var answered: Int64 = .max
        /// When the engine was known to have it in its queue, or the end of time.
        var queued: Int64 = .max
        /// The grant's; what it was asked with, or what it was answered with.
        var token: UInt64
        /// For a hand-over: the token that was handed over.
        var formerToken: UInt64 = 0
        /// For an acquire its own request, else the request of the grant that is meant.
        var grant: RequestKey
    }

    enum Outcome: UInt8 { case unknown, ok, failed }

    /// What an acquire asked for, beyond names: few differ, so each is kept once.
    struct Terms: Hashable {
        var mode = HistoryLine.Mode.exclusive
        var permits: Int64 = 1
        var limit: Int64 = 1
        /// Nanoseconds, as all of these; the end of time for a grant that cannot run out.
        var lease: Int64 = .max
        /// The end of time for ever, 0 for a try.
        var wait: Int64 = .max
        var lockDelay: Int64 = 0
        var minimumHold: Int64 = 0
        var maximumHold: Int64 = .max
        var isFair = true
        var priority: Int64 = 0
    }

    struct Process {
        var number: UInt64
        /// The first of a chain of processes that are one owner.
        var owner: Int32
        var isRetired = false
        var died: Int64 = .max
        var diedLine: UInt32 = 0
    }

    /// A stay inside a critical section.
    struct Section {
        var key: Int32
        var process: Int32
        var token: UInt64
        var entered: Int64
        var exited: Int64 = .max
        /// As told at the entry.
        var validUntil: Int64
        var enterLine: UInt32
        var exitLine: UInt32 = 0
    }

    /// A read or a write at a guarded resource.
    struct Access {
        var key: Int32
        var process: Int32
        var token: UInt64
        var began: Int64
        var ended: Int64
        var isWrite: Bool
        var isAccepted: Bool
        var value: RequestKey
        var line: UInt32
    }

    /// What a resource held at the end.
    struct Final {
        var key: Int32
        var values: [RequestKey]
        var line: UInt32
    }

    var operations: [Operation] = []
    var terms: [Terms] = []
    var processes: [Process] = []
    var keyNames: [[UInt8]] = []
    var keyLists: [[Int32]] = []
    var sections: [Section] = []
    var accesses: [Access] = []
    var finals: [Final] = []
    /// When faults were at work, in order of their beginnings.
    var faults: [(from: Int64, to: Int64)] = []
    /// Whether the engine's tokens are worth judging by.
    var hasTotalTokens = true
    var lineCount: UInt32 = 0
    /// Lines of `queued` events, for excerpts.
    var queuedLines: [Int32: UInt32] = [:]

    func keys(of operation: Operation) -> [Int32] {
        operation.keyList < 0 ? [operation.key] : keyLists[Int(operation.keyList)]
    }

    func name(of key: Int32) -> String { String(decoding: keyNames[Int(key)], as: UTF8.self) }
    func owner(of process: Int32) -> Int32 { processes[Int(process)].owner }
    func number(of process: Int32) -> UInt64 { processes[Int(process)].number }
}
