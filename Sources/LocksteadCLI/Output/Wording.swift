import Lockstead
import LocksteadEngines

/// The words in which this program tells of locks.
enum Wording {
    static func duration(_ duration: Duration) -> String { DurationText.format(duration) }

    /// Why a lock was lost, as the middle of a sentence.
    static func loss(_ reason: LossReason) -> String {
        switch reason {
        case .expired: "its lease ran out"
        case .revoked(let why): "it was released by force (\(printable(why)))"
        case .stalled: "its holder reported no progress in time"
        case .holdLimit: "the cap on its total hold was reached"
        case .superseded: "someone else holds it now"
        case .engineLost(let why): "the engine lost it (\(printable(why)))"
        case .abandoned, .released: "it was given back"
        }
    }

    /// `web-1 pid 4711 holds it since 12s for "nightly report"`.
    static func holder(_ holder: LockDescription.Holder) -> String {
        let purpose = holder.note.purpose.isEmpty ? "" : " for \"\(printable(holder.note.purpose))\""
        let place = place(holder.note)
        return switch holder.phase {
        case .held: "\(place) has held it for \(duration(holder.heldFor))\(purpose)"
        case .revoked: "\(place) was told to give it up and has not yet done so"
        case .lockDelay: "its lock-delay keeps it closed after a holder was lost"
        case .minimumHold: "its minimum hold keeps it closed"
        }
    }

    /// `web-1 pid 4711`, as far as the holder told.
    static func place(_ note: HolderNote) -> String {
        let process = note.processID == 0 ? "" : "pid \(note.processID)"
        let words = [printable(note.host), process].filter { !$0.isEmpty }
        return words.isEmpty ? "someone" : words.joined(separator: " ")
    }

    static func mode(_ mode: LockMode) -> String {
        switch mode {
        case .exclusive: "exclusive"
        case .shared: "shared"
        case .permits(let count, let limit): "\(count) of \(limit)"
        }
    }

    /// What others wrote may hold anything; a terminal must not act on it.
    static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            result.unicodeScalars.append(isUnprintable(scalar) ? "\u{FFFD}" : scalar)
        }
        return result
    }

    /// Whether a terminal, or the order of what it shows, could be changed by it.
    static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }
}
