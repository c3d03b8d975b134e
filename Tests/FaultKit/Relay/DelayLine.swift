/// Bytes on their way through a relay, in one direction: each piece is due at its own time, none before one that came earlier.
struct DelayLine {
    private struct Piece {
        var due: Int64
        var bytes: ArraySlice<UInt8>
    }

    private var pieces: [Piece] = []
    private(set) var count = 0

    var isEmpty: Bool { pieces.isEmpty }

    /// When the first piece is due.
    var due: Int64? { pieces.first?.due }

    mutating func push(_ bytes: [UInt8], due: Int64) {
        pieces.append(Piece(due: max(due, pieces.last?.due ?? due), bytes: bytes[...]))
        count += bytes.count
    }

    /// What is due first, if it is due by now.
    func first(at now: Int64) -> ArraySlice<UInt8>? {
        guard let piece = pieces.first, piece.due <= now else { return nil }
        return piece.bytes
    }

    /// Forgets so many bytes of the first piece: they have arrived.
    mutating func drop(_ taken: Int) {
        pieces[0].bytes = pieces[0].bytes.dropFirst(taken)
        if pieces[0].bytes.isEmpty { pieces.removeFirst() }
        count -= taken
    }
}
