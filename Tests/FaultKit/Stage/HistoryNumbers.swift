import Foundation

/// The numbers of processes that a history has, read while others append to it.
enum HistoryNumbers {
    static func processes(in range: Range<UInt64>, of path: String) -> [UInt64] {
        guard let bytes = FileManager.default.contents(atPath: path) else { return [] }
        var found: Set<UInt64> = []
        // A line that is being written has no end yet.
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.last == UInt8(ascii: "}") {
            guard let place = line.firstRange(of: Array("\"p\":".utf8)) else { continue }
            let digits = line[place.upperBound...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            if let number = UInt64(String(decoding: digits, as: UTF8.self)), range.contains(number) {
                found.insert(number)
            }
        }
        return found.sorted()
    }
}
