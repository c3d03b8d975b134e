/// Puts lines together to operations, and refuses what is no history.
struct HistoryBuilder {
    /// What is wrong with the line that was just taken.
    typealias Flaw = LineScanner.Flaw

    private struct Pending {
        var operation: Int32
        var request: RequestKey
    }

    private(set) var history = History()
    private var keys = KeyTable()
    private var processNumbers: [UInt64: Int32] = [:]
    /// Those that were looked up last, each at a place of its own, so that few lines need the dictionary.
    private var recent: [(name: UInt64, number: Int32)] = Array(repeating: (.max, 0), count: 1024)
    private var pending: [[Pending]] = []
    private var openSections: [[Int32]] = []
    private var termNumbers: [History.Terms: Int32] = [:]
    private var lastTerms: Int32 = -1
    private var openFaults: [String: Int64] = [:]

    mutating func take(_ line: borrowing HistoryLine, at number: UInt32) throws(Flaw) {
        history.lineCount = number
        guard line.fields.contains(.event) else { throw Self.missing("e") }
        if line.event == .begin { return try begin(line) }
        guard line.fields.contains(.time) else { throw Self.missing("ts") }
        if line.event == .nemesis { return fault(line) }
        if line.event == .final { return try end(line, number) }
        guard line.fields.contains(.process) else { throw Self.missing("p") }
        let process = process(line)
        switch line.event {
        case .invoke: try invoke(line, process, number)
        case .ok: try answer(line, process, .ok, number)
        case .fail: try answer(line, process, .failed, number)
        case .info: try answer(line, process, .unknown, number)
        case .queued: try queued(line, process, number)
        case .enter: try enter(line, process, number)
        case .exit: try exit(line, process, number)
        case .read, .write: try access(line, process, number)
        case .died:
            history.processes[Int(process)].died = min(line.time, history.processes[Int(process)].died)
            history.processes[Int(process)].diedLine = number
        case .begin, .nemesis, .final: break
        }
    }

    /// Makes room for what so many bytes of lines hold, at most.
    mutating func reserve(bytes: Int) { history.operations.reserveCapacity(min(bytes / 256, 1 << 24)) }

    /// The whole history; what is not answered by now is unknown.
    consuming func finish() -> History {
        for from in openFaults.values { history.faults.append((from, .max)) }
        history.faults.sort { $0.from < $1.from }
        history.keyNames = keys.names
        return history
    }

    static func missing(_ field: String) -> Flaw { Flaw(message: "\"\(field)\" is missing") }
}

// MARK: Operations

extension HistoryBuilder {
    private mutating func invoke(_ line: borrowing HistoryLine, _ process: Int32, _ number: UInt32) throws(Flaw) {
        guard line.fields.contains(.request) else { throw Self.missing("req") }
        guard line.fields.contains(.operation) else { throw Self.missing("op") }
        guard !history.processes[Int(process)].isRetired else {
            throw Flaw(
                message:
                    "process \(line.process) ended with \"info\" and must not be used again; go on as a new one with \"was\""
            )
        }
        let request = line.request
        guard !pending[Int(process)].contains(where: { $0.request == request }) else {
            throw Flaw(message: "this request of process \(line.process) is under way already")
        }
        let isGrant = line.operation == .acquire || line.operation == .handOver
        var operation = History.Operation(
            kind: line.operation, outcome: .unknown, process: process, key: 0, terms: try terms(line),
            invokeLine: number, invoked: line.time, armed: line.time,
            token: line.fields.contains(.token) ? line.token : 0,
            grant: isGrant ? request : line.fields.contains(.subject) ? line.subject : .none)
        if line.operation == .handOver { (operation.formerToken, operation.token) = (operation.token, 0) }
        operation.isNow = line.fields.contains(.now) && line.isNow
        try setKeys(line, &operation)
        pending[Int(process)].append(Pending(operation: Int32(history.operations.count), request: request))
        history.operations.append(operation)
    }

    private mutating func setKeys(_ line: borrowing HistoryLine, _ operation: inout History.Operation) throws(Flaw) {
        if line.fields.contains(.key) {
            operation.key = keys.number(of: line.key)
        } else if line.fields.contains(.keys) {
            let numbers = line.keys.map { keys.number(of: $0) }
            guard let first = numbers.first else { throw Flaw(message: "\"keys\" is empty") }
            operation.key = first
            if numbers.count > 1 {
                operation.keyList = Int32(history.keyLists.count)
                history.keyLists.append(numbers)
            }
        } else {
            throw Self.missing("key")
        }
    }

    private mutating func terms(_ line: borrowing HistoryLine) throws(Flaw) -> Int32 {
        var terms = History.Terms()
        if line.fields.contains(.mode) { terms.mode = line.mode }
        if line.fields.contains(.lease) { terms.lease = line.lease }
        if line.fields.contains(.wait) { terms.wait = line.wait }
        if line.fields.contains(.lockDelay) { terms.lockDelay = line.lockDelay }
        if line.fields.contains(.minimumHold) { terms.minimumHold = line.minimumHold }
        if line.fields.contains(.maximumHold) { terms.maximumHold = line.maximumHold }
        if line.fields.contains(.fair) { terms.isFair = line.isFair }
        if line.fields.contains(.priority) { terms.priority = line.priority }
        if terms.mode == .permits {
            guard line.fields.contains(.limit) else { throw Self.missing("limit") }
            (terms.permits, terms.limit) = (line.fields.contains(.permits) ? line.permits : 1, line.limit)
            guard terms.permits >= 1, terms.limit >= terms.permits else {
                throw Flaw(message: "\"n\" permits must be at least 1 and at most \"limit\"")
            }
        }
        if lastTerms >= 0, history.terms[Int(lastTerms)] == terms { return lastTerms }
        lastTerms = termNumbers[terms] ?? Int32(history.terms.count)
        if Int(lastTerms) == history.terms.count {
            termNumbers[terms] = lastTerms
            history.terms.append(terms)
        }
        return lastTerms
    }

    private mutating func answer(
        _ line: borrowing HistoryLine, _ process: Int32, _ outcome: History.Outcome, _ number: UInt32
    ) throws(Flaw) {
        guard line.fields.contains(.request) else { throw Self.missing("req") }
        let request = line.request
        guard let place = pending[Int(process)].firstIndex(where: { $0.request == request }) else {
            throw Flaw(message: "process \(line.process) did not invoke this request, or it was answered already")
        }
        let index = Int(pending[Int(process)].remove(at: place).operation)
        guard line.time >= history.operations[index].invoked else {
            throw Flaw(
                message: "\"ts\" lies before that of the invocation in line \(history.operations[index].invokeLine)")
        }
        history.operations[index].answered = line.time
        history.operations[index].answerLine = number
        history.operations[index].outcome = outcome
        history.operations[index].isLoss = outcome == .failed && line.fields.contains(.reason) && line.isLoss
        if line.fields.contains(.since) {
            history.operations[index].armed = min(line.since, history.operations[index].invoked)
        }
        let isGrant = history.operations[index].kind == .acquire || history.operations[index].kind == .handOver
        if isGrant, line.fields.contains(.token) { history.operations[index].token = line.token }
        if outcome == .unknown { history.processes[Int(process)].isRetired = true }
    }

    private mutating func queued(_ line: borrowing HistoryLine, _ process: Int32, _ number: UInt32) throws(Flaw) {
        guard line.fields.contains(.request) else { throw Self.missing("req") }
        let request = line.request
        // It may have been granted since.
        guard let place = pending[Int(process)].first(where: { $0.request == request }) else { return }
        let index = Int(place.operation)
        history.operations[index].queued = min(line.time, history.operations[index].queued)
        history.queuedLines[place.operation] = number
    }
}

// MARK: Everything else

extension HistoryBuilder {
    private mutating func begin(_ line: borrowing HistoryLine) throws(Flaw) {
        guard !line.fields.contains(.version) || line.version == 1 else {
            throw Flaw(message: "version \(line.version) is newer than this program, which reads version 1")
        }
        if line.fields.contains(.fencing), !line.isMonotonic { history.hasTotalTokens = false }
    }

    private mutating func process(_ line: borrowing HistoryLine) -> Int32 {
        let place = Int(truncatingIfNeeded: line.process & 1023)
        if recent[place].name == line.process { return recent[place].number }
        let number = numberOfProcess(line)
        recent[place] = (line.process, number)
        return number
    }

    private mutating func numberOfProcess(_ line: borrowing HistoryLine) -> Int32 {
        if let known = processNumbers[line.process] { return known }
        guard line.fields.contains(.predecessor), line.predecessor != line.process else {
            return addProcess(line.process)
        }
        // An excerpt may leave out what came before.
        let former = processNumbers[line.predecessor] ?? addProcess(line.predecessor)
        let number = addProcess(line.process)
        history.processes[Int(number)].owner = history.processes[Int(former)].owner
        return number
    }

    private mutating func addProcess(_ name: UInt64) -> Int32 {
        let number = Int32(history.processes.count)
        processNumbers[name] = number
        history.processes.append(History.Process(number: name, owner: number))
        pending.append([])
        openSections.append([])
        return number
    }

    private func key(_ line: borrowing HistoryLine, _ keys: inout KeyTable) throws(Flaw) -> Int32 {
        guard line.fields.contains(.key) else { throw Self.missing("key") }
        return keys.number(of: line.key)
    }

    private mutating func enter(_ line: borrowing HistoryLine, _ process: Int32, _ number: UInt32) throws(Flaw) {
        let key = try key(line, &keys)
        openSections[Int(process)].append(Int32(history.sections.count))
        history.sections.append(
            History.Section(
                key: key, process: process, token: line.fields.contains(.token) ? line.token : 0, entered: line.time,
                validUntil: line.fields.contains(.validUntil) ? line.validUntil : .max, enterLine: number))
    }

    private mutating func exit(_ line: borrowing HistoryLine, _ process: Int32, _ number: UInt32) throws(Flaw) {
        let key = try key(line, &keys)
        let place = openSections[Int(process)].lastIndex { history.sections[Int($0)].key == key }
        guard let place else {
            throw Flaw(message: "process \(line.process) leaves a critical section that it did not enter")
        }
        let index = Int(openSections[Int(process)].remove(at: place))
        guard line.time >= history.sections[index].entered else {
            throw Flaw(message: "\"ts\" lies before that of the entry in line \(history.sections[index].enterLine)")
        }
        (history.sections[index].exited, history.sections[index].exitLine) = (line.time, number)
    }

    private mutating func access(_ line: borrowing HistoryLine, _ process: Int32, _ number: UInt32) throws(Flaw) {
        let key = try key(line, &keys)
        guard line.fields.contains(.accepted) else { throw Self.missing("accepted") }
        let began = line.fields.contains(.since) ? line.since : line.time
        guard began <= line.time else { throw Flaw(message: "\"since\" lies after \"ts\"") }
        history.accesses.append(
            History.Access(
                key: key, process: process, token: line.fields.contains(.token) ? line.token : 0, began: began,
                ended: line.time, isWrite: line.event == .write, isAccepted: line.isAccepted,
                value: line.fields.contains(.value) ? line.value : .none, line: number))
    }

    private mutating func end(_ line: borrowing HistoryLine, _ number: UInt32) throws(Flaw) {
        let key = try key(line, &keys)
        guard line.fields.contains(.values) else { throw Self.missing("values") }
        history.finals.append(History.Final(key: key, values: line.values, line: number))
    }

    private mutating func fault(_ line: borrowing HistoryLine) {
        // All faults count alike: while one is at work, nothing is said about lateness.
        let name = line.fields.contains(.fault) ? line.fault.string : "fault"
        if line.fields.contains(.on), line.isOn {
            openFaults[name] = min(openFaults[name] ?? .max, line.time)
        } else if let from = openFaults.removeValue(forKey: name) {
            history.faults.append((from, line.time))
        } else {
            history.faults.append((line.time, line.time))
        }
    }
}
