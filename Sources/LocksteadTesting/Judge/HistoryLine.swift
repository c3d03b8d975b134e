/// One line of a history, taken apart.
///
/// What a line does not say keeps the value of an earlier line: look at ``fields`` first.
struct HistoryLine {
    struct Fields: OptionSet {
        let rawValue: UInt32
        static let event = Fields(rawValue: 1 << 0)
        static let time = Fields(rawValue: 1 << 1)
        static let process = Fields(rawValue: 1 << 2)
        static let request = Fields(rawValue: 1 << 3)
        static let operation = Fields(rawValue: 1 << 4)
        static let key = Fields(rawValue: 1 << 5)
        static let keys = Fields(rawValue: 1 << 6)
        static let mode = Fields(rawValue: 1 << 7)
        static let lease = Fields(rawValue: 1 << 8)
        static let token = Fields(rawValue: 1 << 9)
        static let validUntil = Fields(rawValue: 1 << 10)
        static let accepted = Fields(rawValue: 1 << 11)
        static let since = Fields(rawValue: 1 << 12)
        static let value = Fields(rawValue: 1 << 13)
        static let values = Fields(rawValue: 1 << 14)
        static let predecessor = Fields(rawValue: 1 << 15)
        static let subject = Fields(rawValue: 1 << 16)
        static let reason = Fields(rawValue: 1 << 17)
        static let wait = Fields(rawValue: 1 << 18)
        static let lockDelay = Fields(rawValue: 1 << 19)
        static let minimumHold = Fields(rawValue: 1 << 20)
        static let maximumHold = Fields(rawValue: 1 << 21)
        static let fair = Fields(rawValue: 1 << 22)
        static let priority = Fields(rawValue: 1 << 23)
        static let permits = Fields(rawValue: 1 << 24)
        static let limit = Fields(rawValue: 1 << 25)
        static let now = Fields(rawValue: 1 << 26)
        static let on = Fields(rawValue: 1 << 27)
        static let version = Fields(rawValue: 1 << 28)
        static let fencing = Fields(rawValue: 1 << 29)
        static let fault = Fields(rawValue: 1 << 30)
    }

    enum Event { case begin, invoke, ok, fail, info, enter, exit, read, write, final, queued, died, nemesis }

    enum Operation: UInt8 { case acquire, renew, release, cancel, downgrade, handOver, forceRelease }

    enum Mode: UInt8 { case exclusive, shared, permits }

    var fields: Fields = []
    var event = Event.invoke
    var operation = Operation.acquire
    var mode = Mode.exclusive
    var time: Int64 = 0
    var process: UInt64 = 0
    var request = RequestKey.none
    var subject = RequestKey.none
    var key = HistoryText(start: emptyText, count: 0, hasEscapes: false)
    var fault = HistoryText(start: emptyText, count: 0, hasEscapes: false)
    var keys: [HistoryText] = []
    var values: [RequestKey] = []
    var value = RequestKey.none
    var token: UInt64 = 0
    var lease: Int64 = 0
    var wait: Int64 = 0
    var lockDelay: Int64 = 0
    var minimumHold: Int64 = 0
    var maximumHold: Int64 = 0
    var validUntil: Int64 = 0
    var since: Int64 = 0
    var predecessor: UInt64 = 0
    var permits: Int64 = 1
    var limit: Int64 = 1
    var priority: Int64 = 0
    var version: Int64 = 0
    var isAccepted = false
    var isFair = true
    var isNow = false
    var isOn = false
    /// A failure that says that the grant was gone.
    var isLoss = false
    var isMonotonic = true

    private static var emptyText: UnsafePointer<UInt8> { ("" as StaticString).utf8Start }
}

/// What names a request or a value in a history: 32 hexadecimal digits as they are, any other text by its number in a table.
struct RequestKey: Hashable {
    var high: UInt64
    var low: UInt64
    static let none = RequestKey(high: .max, low: 0)
}

/// What is wrong with a history as a text, and in which line.
public struct HistoryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line, the first being 1.
    public var line: Int
    /// What is wrong and what to do.
    public var message: String

    init(line: Int, _ message: String) { (self.line, self.message) = (line, message) }

    /// Such as `line 7: "ts" is missing`.
    public var description: String { "line \(line): \(message)" }
}
