/// A history as a test tells it: calls and other lines with times in milliseconds, written out in order of time.
struct Story {
    struct Call {
        var operation: String
        var process: UInt64
        var request: UInt64
        var keys: [String]
        var fields: [String: String] = [:]
        /// Of the answer.
        var answer: [String: String] = [:]
        var at: Double
        /// `nil`: never answered.
        var until: Double?
        var outcome = "ok"
        var queued: Double?
        var was: UInt64?
    }

    struct Note {
        var event: String
        var at: Double
        var fields: [String: String]
    }

    var calls: [Call] = []
    var notes: [Note] = []
    private var nextRequest: UInt64 = 0

    /// The index of a call, to be changed by a mutation.
    typealias Index = Int

    mutating func call(
        _ operation: String, _ process: UInt64, _ keys: [String], at: Double, until: Double?, outcome: String = "ok",
        _ fields: [String: String] = [:], answer: [String: String] = [:]
    ) -> Index {
        nextRequest += 1
        calls.append(
            Call(
                operation: operation, process: process, request: nextRequest, keys: keys, fields: fields,
                answer: answer,
                at: at, until: until, outcome: outcome))
        return calls.count - 1
    }

    /// A grant; `token` is `nil` for engines without.
    @discardableResult
    mutating func acquire(
        _ process: UInt64, _ keys: String..., at: Double, until: Double, token: UInt64?, lease: Int? = 5_000,
        mode: String = "x", _ more: [String: String] = [:]
    ) -> Index {
        var fields = more
        fields["mode"] = "\"\(mode)\""
        if let lease { fields["ttl_ms"] = "\(lease)" }
        return call(
            "acquire", process, keys, at: at, until: until, fields, answer: token.map { ["token": "\($0)"] } ?? [:])
    }

    @discardableResult
    mutating func permits(
        _ process: UInt64, _ key: String, _ count: Int, of limit: Int, at: Double, until: Double, token: UInt64?
    ) -> Index {
        acquire(process, key, at: at, until: until, token: token, mode: "p", ["n": "\(count)", "limit": "\(limit)"])
    }

    /// An operation on a grant, by its holder unless said otherwise.
    @discardableResult
    mutating func on(
        _ grant: Index, _ operation: String, at: Double, until: Double?, outcome: String = "ok",
        by process: UInt64? = nil,
        _ fields: [String: String] = [:], reason: String? = nil
    ) -> Index {
        let held = calls[grant]
        var all = fields
        if let token = held.answer["token"] { all["token"] = token }
        all["of"] = "\"\(Self.identifier(held.request))\""
        if operation == "renew", let lease = held.fields["ttl_ms"] { all["ttl_ms"] = all["ttl_ms"] ?? lease }
        return call(
            operation, process ?? held.process, held.keys, at: at, until: until, outcome: outcome, all,
            answer: reason.map { ["reason": "\"\($0)\""] } ?? [:])
    }

    mutating func section(
        _ process: UInt64, _ key: String, token: UInt64, from: Double, to: Double?, validUntil: Double?
    ) {
        var fields = ["p": "\(process)", "key": "\"\(key)\"", "token": "\(token)"]
        if let to { notes.append(Note(event: "cs_exit", at: to, fields: fields)) }
        if let validUntil { fields["valid_until"] = Self.time(validUntil) }
        notes.append(Note(event: "cs_enter", at: from, fields: fields))
    }

    mutating func access(
        _ event: String, _ process: UInt64, _ key: String, token: UInt64, at: Double, accepted: Bool = true,
        value: Int? = nil
    ) {
        var fields = ["p": "\(process)", "key": "\"\(key)\"", "token": "\(token)", "accepted": "\(accepted)"]
        if let value { fields["value"] = "\(value)" }
        notes.append(Note(event: event, at: at, fields: fields))
    }

    mutating func final(_ key: String, at: Double, _ values: [Int]) {
        notes.append(Note(event: "final", at: at, fields: ["key": "\"\(key)\"", "values": "\(values)"]))
    }

    /// The lines, in order of their times; at one time answers come last.
    var text: String {
        var lines: [(at: Double, rank: Int, text: String)] = []
        for call in calls {
            lines.append((call.at, 0, invocation(of: call)))
            if let queued = call.queued { lines.append((queued, 1, line("queued", queued, call, [:]))) }
            if let until = call.until { lines.append((until, 2, line(call.outcome, until, call, call.answer))) }
        }
        for note in notes { lines.append((note.at, 1, Self.line(note.event, note.at, note.fields))) }
        let order = lines.indices.sorted { (lines[$0].at, lines[$0].rank, $0) < (lines[$1].at, lines[$1].rank, $1) }
        return order.map { lines[$0].text + "\n" }.joined()
    }

    private func invocation(of call: Call) -> String {
        var fields = call.fields
        fields["op"] = "\"\(call.operation)\""
        if call.keys.count == 1 { fields["key"] = "\"\(call.keys[0])\"" } else { fields["keys"] = "\(call.keys)" }
        if let was = call.was { fields["was"] = "\(was)" }
        return line("invoke", call.at, call, fields)
    }

    private func line(_ event: String, _ at: Double, _ call: Call, _ fields: [String: String]) -> String {
        var all = fields
        all["p"] = "\(call.process)"
        all["req"] = "\"\(Self.identifier(call.request))\""
        return Self.line(event, at, all)
    }

    private static func line(_ event: String, _ at: Double, _ fields: [String: String]) -> String {
        let rest = fields.sorted { $0.key < $1.key }.map { ",\"\($0.key)\":\($0.value)" }.joined()
        return "{\"e\":\"\(event)\",\"ts\":\(time(at))\(rest)}"
    }

    static func time(_ milliseconds: Double) -> String { "\(Int64(milliseconds * 1_000_000) + 1_000_000_000)" }

    static func identifier(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
