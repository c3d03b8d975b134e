import Lockstead

extension HistoryJudge {
    /// Writes the operations of a history as a plain list, for a linearizability checker of another make (docs/histories.md).
    ///
    /// - Parameters:
    ///   - path: A file with a history.
    ///   - write: Receives the list, piece by piece, in UTF-8.
    /// - Throws: `HistoryError` where it is no history, the system's error where it cannot be read, and what `write` throws.
    public static func exportOperations(of path: String, _ write: ([UInt8]) throws -> Void) throws {
        let history = try read(try HistoryFile(path))
        try export(history, write)
    }

    static func export(_ history: History, _ write: ([UInt8]) throws -> Void) rethrows {
        var lines = OperationList.title
        let order = history.operations.indices.sorted {
            (history.operations[$0].invoked, $0) < (history.operations[$1].invoked, $1)
        }
        for index in order {
            lines += OperationList.lines(of: history.operations[index], in: history)
            guard lines.utf8.count >= 1 << 16 else { continue }
            try write(Array(lines.utf8))
            lines = ""
        }
        if !lines.isEmpty { try write(Array(lines.utf8)) }
    }
}

/// The plain list: a line for each operation and key, with tabs between its columns.
private enum OperationList {
    static let title = "key\tclient\tcall\treturn\toperation\tgrant\tmode\toutcome\n"

    static func lines(of operation: History.Operation, in history: History) -> String {
        let terms = history.terms[Int(operation.terms)]
        let columns = [
            "\(history.number(of: history.owner(of: operation.process)))", "\(operation.invoked)",
            operation.answered == .max ? "-" : "\(operation.answered)", name(of: operation), grant(of: operation),
            mode(of: terms), outcome(of: operation),
        ]
        let rest = columns.joined(separator: "\t")
        return history.keys(of: operation).map { "\(escaped(history.name(of: $0)))\t\(rest)\n" }.joined()
    }

    private static func name(of operation: History.Operation) -> String {
        switch operation.kind {
        case .acquire: "acquire"
        case .renew: "renew"
        case .release: "release"
        case .cancel: "cancel"
        case .downgrade: "downgrade"
        case .handOver: "hand_over:\(operation.formerToken)"
        case .forceRelease: operation.isNow ? "force_release_now" : "force_release"
        }
    }

    /// The token where there is one, else the request.
    private static func grant(of operation: History.Operation) -> String {
        if operation.token > 0 { return "\(operation.token)" }
        guard operation.grant != .none else { return "-" }
        return "\(RequestID(high: operation.grant.high, low: operation.grant.low))"
    }

    private static func mode(of terms: History.Terms) -> String {
        switch terms.mode {
        case .exclusive: "x"
        case .shared: "s"
        case .permits: "p:\(terms.permits):\(terms.limit)"
        }
    }

    private static func outcome(of operation: History.Operation) -> String {
        switch operation.outcome {
        case .ok: "ok"
        case .failed: "fail"
        case .unknown: "info"
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\t": result += "\\t"
            case "\n": result += "\\n"
            case "\\": result += "\\\\"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
