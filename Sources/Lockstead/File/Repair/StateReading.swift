internal import LockCore

/// What the slots of a state file come to, for whoever knows only the hash of its name.
enum StateReading: Sendable {
    /// The name is `nil` where repair wrote the state and nobody has asked for it since.
    case sound(NameState, LockName?, body: [UInt8])
    case unsound(String, LockName?)
    case newer(UInt32)

    var name: LockName? {
        switch self {
        case .sound(_, let name, _), .unsound(_, let name): name
        case .newer: nil
        }
    }
}

extension StateStore {
    func reading(of slots: SlotFile, in file: OpenFile, _ hash: String) throws(SystemError) -> StateReading {
        for case .unknownVersion(let version) in slots.conditions { return .newer(version) }
        guard let body = slots.latest?.body else {
            return .unsound("neither of its two slots is sound", try salvagedName(from: file, hash))
        }
        do throws(RecordError) {
            let (name, state) = (Self.name(in: body), try NameState(decoding: body, adopting: Self.standIn))
            guard let name else { return .sound(state, nil, body: body) }
            guard NameKey(name).hash == hash else { return .unsound("it holds the state of \"\(name)\"", nil) }
            return .sound(state, name, body: body)
        } catch {
            return .unsound(error.description, try salvagedName(from: file, hash))
        }
    }

    /// Under what a nameless state is read, by repair alone; it is never written.
    static var standIn: LockName? { try? LockName("nameless") }  // Cannot fail: the text is a valid name.

    /// A damaged slot may still tell its name; the hash proves it.
    private func salvagedName(from file: OpenFile, _ hash: String) throws(SystemError) -> LockName? {
        for slot in 0..<2 {
            let start = slot * SlotFile.blockSize + SlotHeader.byteCount
            let bytes = try file.read(at: start, count: 4 + LockName.maximumByteCount)
            if let name = Self.name(in: bytes), NameKey(name).hash == hash { return name }
        }
        return nil
    }

    private static func name(in body: [UInt8]) -> LockName? {
        var reader = RecordReader(body)
        // What is no name is none: the body may be anything.
        return (try? reader.readText()).flatMap { try? LockName($0) }
    }
}
