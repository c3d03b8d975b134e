// The dedup table keeps answers across restarts. Only these kinds are ever kept; anything else would be a bug of ours, and is
// written as a plain `done`.
extension SnapshotEncoder {
    mutating func write(_ record: DedupRecord) {
        write(record.sequence)
        write(record.fingerprint)
        write(record.answer) { $0.write($1) }
    }

    mutating func write(_ record: WaiterRecord) {
        write(record.command)
        write(record.deadline)
        write(record.since)
        write(record.priority)
        write(record.arrival)
        write(record.overtaken)
    }

    mutating func write(_ answer: Answer) {
        switch answer {
        case .done, .queued, .valid, .revoked, .handOverRefused, .register: write(UInt8(0))
        case .session(let generation):
            write(UInt8(1))
            write(generation)
        case .granted(let record):
            write(UInt8(2))
            write(record)
        case .busy: write(UInt8(3))
        case .released: write(UInt8(4))
        case .notHeld: write(UInt8(5))
        case .downgraded(let record):
            write(UInt8(6))
            write(record)
        case .refused(let refusal):
            write(UInt8(7))
            write(refusal)
        }
    }

    private mutating func write(_ refusal: Refusal) {
        switch refusal {
        case .kindMismatch(.readWrite): write(UInt8(1))
        case .kindMismatch(.semaphore(let limit)):
            write(UInt8(2))
            write(UInt32(clamping: limit))
        case .deadlock(let circle):
            write(UInt8(3))
            write(circle) { $0.write($1) }
        case .recovering(let until):
            write(UInt8(4))
            write(until)
        default:
            write(UInt8(0))
            write(UInt8(clamping: Self.plainRefusals.firstIndex(of: refusal) ?? 0))
        }
    }

    /// Refusals without further facts; their places are part of the format, so new ones go to the end.
    static let plainRefusals: [Refusal] = [
        .unknownSession, .sessionBoundToAnother, .badLease, .badNames, .badPermits, .badTerms, .noteTooLong, .reentry,
        .upgrade, .tooManySessions, .tooManyWaiters, .tooManyGrants, .tooManyOutstanding, .sequenceDone,
        .sequenceReused, .requestReused, .notExclusive, .tokensExhausted, .downgradeOfFeatureLevel, .valueTooLong,
        .tooManyRegisters, .unknownToken,
    ]
}

extension SnapshotDecoder {
    mutating func readAnswer() throws(SnapshotError) -> Answer {
        switch try read(UInt8.self) {
        case 0: .done
        case 1: .session(generation: try read())
        case 2: .granted(try readGrant())
        case 3: .busy
        case 4: .released
        case 5: .notHeld
        case 6: .downgraded(try readGrant())
        case 7: .refused(try readRefusal())
        default: throw .inconsistent("an unknown answer")
        }
    }

    private mutating func readRefusal() throws(SnapshotError) -> Refusal {
        switch try read(UInt8.self) {
        case 0:
            let place = Int(try read(UInt8.self))
            guard SnapshotEncoder.plainRefusals.indices.contains(place) else {
                throw .inconsistent("an unknown refusal")
            }
            return SnapshotEncoder.plainRefusals[place]
        case 1: return .kindMismatch(.readWrite)
        case 2: return .kindMismatch(.semaphore(limit: Int(try read(UInt32.self))))
        case 3: return .deadlock(try readList { (decoder) throws(SnapshotError) in try decoder.readIdentifier() })
        case 4: return .recovering(until: try readTime())
        default: throw .inconsistent("an unknown refusal")
        }
    }
}
