import Lockstead
import RESP

extension AcquireRound.Answer {
    /// Reads the acquire script's answer; `nil` for anything that it does not answer.
    init?(_ value: RESPValue) {
        guard let parts = value.elements, let word = parts.first?.text else { return nil }
        switch (word, parts.count) {
        case ("taken", 5):
            guard let token = parts[1].integer, let counter = parts[2].integer, let micros = parts[3].integer,
                let age = parts[4].integer, token >= 0, counter >= 0, micros >= 0
            else { return nil }
            self = .taken(
                AcquireRound.Taken(
                    token: UInt64(token), counter: UInt64(counter), micros: UInt64(micros), age: .milliseconds(age)))
        case ("busy", 6):
            guard let text = parts[1].bytes, let rest = parts[2].integer, let micros = parts[3].integer,
                let age = parts[4].integer, let rank = parts[5].integer, micros >= 0
            else { return nil }
            self = .busy(
                AcquireRound.Busy(
                    value: String(decoding: text, as: UTF8.self), opensIn: rest < 0 ? nil : .milliseconds(rest),
                    micros: UInt64(micros), age: .milliseconds(age), rank: rank < 0 ? nil : Int(rank)))
        case ("gone", 1): self = .gone
        case ("full", 1): self = .full
        default: return nil
        }
    }

    /// The node's clock and the age of its memory, where it told.
    var clock: (micros: UInt64, age: TimeSpan)? {
        switch self {
        case .taken(let taken): (taken.micros, taken.age)
        case .busy(let busy): (busy.micros, busy.age)
        case .gone, .full: nil
        }
    }
}

/// How single answers become votes: `nil` is yes, a text says why not; nothing at all is for what cannot be read.
enum NodeVotes {
    static func raise(_ value: RESPValue) -> String?? {
        switch value.integer {
        case 1: .some(nil)
        case 0: .some("gone")
        default: nil
        }
    }

    static func extend(_ value: RESPValue) -> String?? {
        guard let word = value.text else { return nil }
        return word == "ok" ? .some(nil) : .some(word)
    }

    static func release(_ value: RESPValue) -> String?? {
        guard let parts = value.elements, parts.count == 2, let freed = parts[0].integer else { return nil }
        return freed == 1 ? .some(nil) : .some("free")
    }

    /// For what every node does that answers at all.
    static func done(_ value: RESPValue) -> String?? { .some(nil) }
}
