/// Finds lines by their numbers in one pass over a history.
struct LinePicker {
    private let wanted: [Int]
    private var next = 0
    private var number = 1
    private var current: [UInt8] = []
    private(set) var lines: [Int: String] = [:]

    /// A line of an excerpt is read by people; what is longer is cut.
    private static let longest = 4096

    init(_ wanted: Set<Int>) { self.wanted = wanted.sorted() }

    var isDone: Bool { next >= wanted.count }

    mutating func take(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            guard next < wanted.count else { return }
            if byte == UInt8(ascii: "\n") {
                endLine()
            } else if number == wanted[next], current.count < Self.longest {
                current.append(byte)
            }
        }
    }

    mutating func finish() -> [Int: String] {
        if !isDone { endLine() }
        return lines
    }

    private mutating func endLine() {
        if number == wanted[next] {
            lines[number] = String(decoding: current, as: UTF8.self)
            current = []
            next += 1
        }
        number += 1
    }

    static func lines(_ wanted: Set<Int>, of bytes: [UInt8]) -> [Int: String] {
        var picker = LinePicker(wanted)
        picker.take(bytes)
        return picker.finish()
    }
}

extension [Violation] {
    /// Gives the first few their lines' text; nobody reads more.
    mutating func addExcerpts(_ lines: (Set<Int>) throws -> [Int: String]) rethrows {
        let few = prefix(Self.mostExcerpts)
        guard !few.isEmpty else { return }
        let texts = try lines(Set(few.flatMap(\.lines)))
        for place in few.indices { self[place].excerpt = self[place].lines.compactMap { texts[$0] } }
    }

    private static var mostExcerpts: Int { 20 }
}
