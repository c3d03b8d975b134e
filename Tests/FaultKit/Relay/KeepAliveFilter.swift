/// Takes etcd's signs of life out of what an HTTP/2 client sends, and lets all else pass; another protocol passes untouched.
///
/// A sign of life is a message of nothing but the number of a lease, on a stream of its own. Only the content of that stream is kept
/// back: its headers go on, without which the server would read all later ones wrong.
struct KeepAliveFilter {
    private enum Phase { case beginning, frames, otherProtocol }

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private static let headerLength = 9
    private var phase = Phase.beginning
    /// The beginning of a frame that has not come whole.
    private var held: [UInt8] = []
    private var silenced: Set<UInt32> = []

    /// Takes what the client sent, and gives what the server is to get.
    ///
    /// - Parameters:
    ///   - bytes: What came.
    ///   - isOn: Whether signs of life are kept back.
    /// - Returns: What goes on, maybe nothing.
    mutating func pass(_ bytes: [UInt8], isOn: Bool) -> [UInt8] {
        held += bytes
        var passed: [UInt8] = []
        while let piece = next() {
            if !keepsBack(piece, isOn) { passed += piece }
        }
        return passed
    }

    /// The next frame, or what stands before the first one; `nil` where more has to come first.
    private mutating func next() -> [UInt8]? {
        guard !held.isEmpty else { return nil }
        switch phase {
        case .otherProtocol: return take(held.count)
        case .beginning:
            let length = min(held.count, Self.preface.count)
            guard held[..<length] == Self.preface[..<length] else {
                phase = .otherProtocol
                return next()
            }
            guard length == Self.preface.count else { return nil }
            phase = .frames
            return take(length)
        case .frames:
            guard held.count >= Self.headerLength else { return nil }
            let length = Self.headerLength + (Int(held[0]) << 16 | Int(held[1]) << 8 | Int(held[2]))
            return held.count >= length ? take(length) : nil
        }
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        defer { held.removeFirst(count) }
        return Array(held[..<count])
    }

    private mutating func keepsBack(_ piece: [UInt8], _ isOn: Bool) -> Bool {
        // Frames of data have the type 0.
        guard phase == .frames, piece.count >= Self.headerLength, piece[3] == 0 else { return false }
        let stream = piece[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        if isOn, Self.isSignOfLife(piece[Self.headerLength...]) { silenced.insert(stream) }
        return silenced.contains(stream)
    }

    /// Five bytes that say how long the message is, the number of the field, and a number of 64 bits in groups of seven.
    private static func isSignOfLife(_ content: ArraySlice<UInt8>) -> Bool {
        let start = content.startIndex
        guard content.count > 10, content.count <= 16, content[start] == 0, content[start + 5] == 0x08 else {
            return false
        }
        let length = content[start + 1..<start + 5].reduce(0) { $0 << 8 | Int($1) }
        let number = content[(start + 6)...]
        guard length == content.count - 5, let last = number.last else { return false }
        return last < 0x80 && number.dropLast().allSatisfy { $0 >= 0x80 }
    }
}
