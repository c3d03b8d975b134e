/// Tiers 3 and 4 at the resource: no stale token is served after a newer one, and no accepted update is lost.
struct AccessJudge {
    let history: History
    let key: Int32
    private(set) var findings: [Finding] = []
    private(set) var updates = 0
    private(set) var lost = 0

    init(_ history: History, _ key: Int32) { (self.history, self.key) = (history, key) }

    /// - Parameters:
    ///   - accesses: The key's, in order of their lines.
    ///   - final: What the resource held at the end, where that is known.
    mutating func judge(_ accesses: [Int32], final: History.Final?) {
        judgeTokens(accesses)
        if let final { judgeValues(accesses, final) }
    }

    private func access(_ index: Int32) -> History.Access { history.accesses[Int(index)] }

    /// S6: a token is refused once a higher one was served, whatever the time.
    private mutating func judgeTokens(_ accesses: [Int32]) {
        let served = accesses.filter { access($0).isAccepted && access($0).token > 0 }
        let byEnd = served.sorted { access($0).ended < access($1).ended }
        var highest: [Int32] = []
        for index in byEnd {
            let former = highest.last ?? index
            highest.append(access(index).token > access(former).token ? index : former)
        }
        for index in served {
            let place = byEnd.partition { access($0).ended >= access(index).began }
            guard place > 0 else { continue }
            let newer = access(highest[place - 1])
            let each = access(index)
            guard newer.token > each.token else { continue }
            let finding = Finding(
                kind: .staleAccess, key: key,
                message:
                    "The resource served a \(each.isWrite ? "write" : "read") under token \(each.token) after it had served token \(newer.token).",
                operations: [], lines: [newer.line, each.line])
            findings.append(finding)
        }
    }

    private mutating func judgeValues(_ accesses: [Int32], _ final: History.Final) {
        let present = Set(final.values)
        let writes = accesses.map { access($0) }.filter { $0.isWrite && $0.value != .none }
        let accepted = Set(writes.lazy.filter(\.isAccepted).map(\.value))
        for write in writes {
            if write.isAccepted {
                updates += 1
                guard !present.contains(write.value) else { continue }
                lost += 1
                find(.lostUpdate, "An update that the resource accepted is not there at the end.", write, final)
            } else if present.contains(write.value), !accepted.contains(write.value) {
                find(.refusedWriteFound, "The resource holds an update that it refused.", write, final)
            }
        }
    }

    private mutating func find(
        _ kind: Violation.Kind, _ message: String, _ write: History.Access, _ final: History.Final
    ) {
        findings.append(
            Finding(kind: kind, key: key, message: message, operations: [], lines: [write.line, final.line]))
    }
}
