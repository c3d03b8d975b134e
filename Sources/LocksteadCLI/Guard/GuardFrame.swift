import Lockstead

/// What runner and guard say to each other over their socket: frames of one length, so that a stream needs no delimiters.
enum GuardFrame: Sendable, Equatable {
    /// Runner: the child may live until then.
    case arm(Deadlines)
    /// Runner: the child ended; leave everything be and go.
    case done
    /// Guard: no signal but KILL can end me any more; the child may be started.
    case ready
    /// Guard: the deadline passed unrenewed; I told the group to end.
    case fired

    static let byteCount = 17

    private var kind: UInt8 {
        switch self {
        case .arm: 1
        case .done: 2
        case .ready: 3
        case .fired: 4
        }
    }

    /// One byte for the kind, then two times in nanoseconds, the lowest byte first; both zero where the kind has none.
    var bytes: [UInt8] {
        var times: (Int64, Int64) = (0, 0)
        if case .arm(let deadlines) = self { times = (deadlines.stopAt.nanoseconds, deadlines.killAt.nanoseconds) }
        return [kind] + Self.encode(times.0) + Self.encode(times.1)
    }

    /// Reads a frame; `nil` where the bytes are none.
    init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount, let kind = bytes.first else { return nil }
        switch kind {
        case 1:
            self = .arm(
                Deadlines(
                    stopAt: ContinuousTime(nanoseconds: Self.decode(bytes.dropFirst().prefix(8))),
                    killAt: ContinuousTime(nanoseconds: Self.decode(bytes.dropFirst(9)))))
        case 2: self = .done
        case 3: self = .ready
        case 4: self = .fired
        default: return nil
        }
    }

    private static func encode(_ value: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func decode(_ bytes: some Collection<UInt8>) -> Int64 {
        bytes.enumerated().reduce(0) { $0 | Int64($1.element) << ($1.offset * 8) }
    }
}
