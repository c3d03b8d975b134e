import Lockstead

/// What a history says beyond right and wrong: how an engine came through a fault.
package struct HistoryFacts {
    private let history: History

    /// Reads a history.
    ///
    /// - Throws: `HistoryError` where it is none, or the system's error where it cannot be read.
    package init(contentsOf path: String) throws {
        history = try HistoryJudge.read(HistoryFile(path))
    }

    init(_ bytes: [UInt8]) throws { history = try HistoryJudge.read(bytes) }

    /// When a lock was granted for the first time after a moment, in nanoseconds of the history's clock.
    ///
    /// - Parameters:
    ///   - moment: A grant that was answered before counts as older.
    ///   - key: Of which lock; of any where `nil`.
    /// - Returns: The moment, or `nil` where there is none.
    package func firstGrant(after moment: Int64, of key: String? = nil) -> Int64? {
        history.operations.lazy.filter { each in
            Self.isGrant(each) && each.answered >= moment && (key == nil || history.name(of: each.key) == key)
        }.map(\.answered).min()
    }

    /// What became of the grants that lived at a moment.
    ///
    /// One was kept if the engine confirmed something of it that was sent later. Those of which nobody asked the engine with a clear answer
    /// count on neither side.
    ///
    /// - Parameter moment: In nanoseconds of the history's clock.
    /// - Returns: How many lived and were heard of again, and how many of these were kept.
    package func survival(at moment: Int64) -> (alive: Int, kept: Int) {
        var lives: [RequestKey: Life] = [:]
        for each in history.operations where Self.isGrant(each) && each.answered <= moment {
            let lease = history.terms[Int(each.terms)].lease
            lives[each.grant] = Life(leaseEnd: each.invoked.adding(lease), lease: lease)
        }
        for each in history.operations where each.kind == .renew || each.kind == .release {
            lives[each.grant]?.take(each, moment)
        }
        let alive = lives.values.filter { !$0.isOver && $0.leaseEnd > moment && $0.verdict != nil }
        return (alive.count, alive.count { $0.verdict == true })
    }

    /// How many acquires were answered in a span, with a grant or with who is in the way.
    ///
    /// - Parameters:
    ///   - start: In nanoseconds of the history's clock.
    ///   - end: The same.
    /// - Returns: Their number.
    package func acquires(from start: Int64, to end: Int64) -> Int {
        history.operations.count {
            $0.kind == .acquire && $0.outcome != .unknown && start <= $0.answered
                && $0.answered < end
        }
    }

    /// The tokens under which a lock was granted, in order.
    package func tokens(of key: String) -> [UInt64] {
        Set(history.operations.filter { Self.isGrant($0) && history.name(of: $0.key) == key }.map(\.token)).sorted()
    }

    private static func isGrant(_ operation: History.Operation) -> Bool {
        operation.outcome == .ok && (operation.kind == .acquire || operation.kind == .handOver)
    }

    private struct Life {
        var leaseEnd: Int64
        let lease: Int64
        /// Given back, or on its way back, at the moment.
        var isOver = false
        /// Whether the engine kept it, once it was asked.
        var verdict: Bool?
        /// A release went out whose answer nobody knows: what is gone after that may have been given back.
        var mayBeBack = false

        init(leaseEnd: Int64, lease: Int64) { (self.leaseEnd, self.lease) = (leaseEnd, lease) }

        mutating func take(_ operation: History.Operation, _ moment: Int64) {
            guard operation.invoked >= moment else {
                if operation.kind == .release { isOver = true }
                if operation.outcome == .ok { leaseEnd = max(leaseEnd, operation.invoked.adding(lease)) }
                return
            }
            if operation.kind == .release, operation.outcome == .unknown { mayBeBack = true }
            if operation.isLoss, !mayBeBack { verdict = false }
            if operation.outcome == .ok, verdict == nil { verdict = true }
        }
    }
}
