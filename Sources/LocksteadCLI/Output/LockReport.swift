import Lockstead

/// One lock as JSON.
///
/// Tokens are text (RULES 7), times are milliseconds; what is not known is left out.
struct LockReport: Encodable, Sendable {
    let name: String
    let kind: String
    /// Of a semaphore: how many permits it has.
    let permits: Int?
    let holders: [HolderReport]
    let waiters: [WaiterReport]
    let waiterCount: Int

    init(_ lock: LockDescription) {
        name = lock.name.text
        switch lock.kind {
        case .readWrite: (kind, permits) = ("readWrite", nil)
        case .semaphore(let limit): (kind, permits) = ("semaphore", limit)
        }
        holders = lock.holders.map(HolderReport.init)
        waiters = lock.waiters.map(WaiterReport.init)
        waiterCount = lock.waiterCount
    }

    /// A lock that nobody holds or awaits.
    init(free name: LockName) {
        (self.name, kind, permits, holders, waiters, waiterCount) = (name.text, "free", nil, [], [], 0)
    }
}

/// One holder as JSON.
struct HolderReport: Encodable, Sendable {
    let token: String
    let mode: String
    let permits: Int?
    let phase: String
    let owner: String
    let heldForMilliseconds: Int64
    let remainingMilliseconds: Int64?
    let note: NoteReport

    init(_ holder: LockDescription.Holder) {
        (token, phase, owner) = ("\(holder.token)", holder.phase.rawValue, "\(holder.owner)")
        (mode, permits) = ModeReport.parts(of: holder.mode)
        heldForMilliseconds = holder.heldFor.wholeMilliseconds
        remainingMilliseconds = holder.remaining?.wholeMilliseconds
        note = NoteReport(holder.note)
    }
}

/// One waiter as JSON.
struct WaiterReport: Encodable, Sendable {
    let mode: String
    let permits: Int?
    let owner: String
    let waitedForMilliseconds: Int64
    let note: NoteReport

    init(_ waiter: LockDescription.Waiter) {
        owner = "\(waiter.owner)"
        (mode, permits) = ModeReport.parts(of: waiter.mode)
        waitedForMilliseconds = waiter.waitedFor.wholeMilliseconds
        note = NoteReport(waiter.note)
    }
}

/// What a holder or waiter says of itself, as JSON.
struct NoteReport: Encodable, Sendable {
    let host: String?
    let pid: Int32?
    let purpose: String?
    let traceID: String?

    init(_ note: HolderNote) {
        host = note.host.isEmpty ? nil : note.host
        pid = note.processID == 0 ? nil : note.processID
        purpose = note.purpose.isEmpty ? nil : note.purpose
        traceID = note.traceID.isEmpty ? nil : note.traceID
    }
}

/// A mode as JSON: its word, and how many permits where it has some.
enum ModeReport {
    static func parts(of mode: LockMode) -> (String, Int?) {
        switch mode {
        case .exclusive: ("exclusive", nil)
        case .shared: ("shared", nil)
        case .permits(let count, _): ("permits", count)
        }
    }
}

extension Duration {
    /// Rounded down.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
