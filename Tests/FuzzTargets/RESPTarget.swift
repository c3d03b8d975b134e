import RESP

/// A server's bytes: refused or read, the same however they are cut, and what was read can be written and read again.
enum RESPTarget {
    /// Tight, so that short inputs reach them.
    private static let limits = RESPLimits(lineBytes: 64, replyBytes: 4_096, depth: 6)

    static func feed(_ bytes: [UInt8]) {
        let whole = outcome([bytes[...]])
        if outcome(bytes.indices.map { bytes[$0...$0] }) != whole { broken("bytes one by one are read as all at once") }
        if let first = bytes.first {
            let cut = Int(first) * bytes.count / 256
            if outcome([bytes[..<cut], bytes[cut...]]) != whole { broken("bytes in two pieces are read as one") }
        }
        if !whole.written.isEmpty { readAgain(whole) }
    }

    private struct Outcome: Equatable {
        /// What was read, as it is written.
        var written: [UInt8] = []
        var count = 0
        var error: RESPParsingError?
        var isWithinValue = false
    }

    private static func outcome(_ pieces: [ArraySlice<UInt8>], limits: RESPLimits = limits) -> Outcome {
        var parser = RESPParser(limits: limits)
        var outcome = Outcome()
        do throws(RESPParsingError) {
            for piece in pieces {
                try parser.parse(Array(piece).span) { value in
                    value.encode(into: &outcome.written)
                    outcome.count += 1
                }
            }
            outcome.isWithinValue = parser.isWithinValue
        } catch {
            outcome.error = error
        }
        return outcome
    }

    /// Written in full, a value may be a little longer than it came, so the limits are wider.
    private static func readAgain(_ outcome: Outcome) {
        let wide = RESPLimits(lineBytes: 4_096, replyBytes: 65_536, depth: 6)
        let again = self.outcome([outcome.written[...]], limits: wide)
        if again.error != nil || again.isWithinValue { broken("what was read can be written and read again") }
        if again.written != outcome.written || again.count != outcome.count { broken("it is the same the second time") }
    }

    static var seeds: [[UInt8]] {
        [
            "+OK\r\n-ERR unknown\r\n:-42\r\n$5\r\nhello\r\n$-1\r\n*-1\r\n_\r\n", "*3\r\n:1\r\n$1\r\nx\r\n*0\r\n",
            "%2\r\n+proto\r\n:3\r\n+server\r\n$5\r\nredis\r\n",
            "~2\r\n#t\r\n#f\r\n,1.5\r\n,-inf\r\n,nan\r\n(12345678901234567890\r\n",
            ">3\r\n+message\r\n+news\r\n$2\r\nhi\r\n|1\r\n+ttl\r\n:3\r\n+OK\r\n",
            "!8\r\nSYNTAX a\r\n=8\r\ntxt:some\r\n",
            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "$99999999999\r\n*99999999999\r\n",
        ].map { Array($0.utf8) }
    }
}
