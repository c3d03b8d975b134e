import LocksteadTesting
import Testing

@Suite("The judge: reading histories")
struct HistoryFormatTests {
    private static let good = """
        {"e":"invoke","ts":81234567890123,"p":17,"req":"9f","op":"acquire","key":"k3","mode":"x","ttl_ms":5000,"be":"etcd"}
        {"e":"ok","ts":81234569990001,"p":17,"req":"9f","token":8812}
        {"e":"cs_enter","ts":81234569990002,"p":17,"key":"k3","token":8812,"valid_until":81239000000000}
        {"e":"write","ts":81234569990003,"p":17,"key":"k3","token":8812,"accepted":true}
        {"e":"cs_exit","ts":81234569990004,"p":17,"key":"k3","token":8812}
        {"e":"nemesis","ts":81234569990005,"f":"partition","on":true,"arg":"n1|n2,n3"}

        """

    @Test("The example of the format is read, with and without its last end of line")
    func example() throws {
        for text in [Self.good, String(Self.good.dropLast())] {
            let judgement = try HistoryJudge().judge(text)
            #expect(judgement.verdict == .clean)
            let seen = judgement.statistics
            #expect(
                [seen.lines, seen.operations, seen.grants, seen.sections, seen.accesses, seen.keys] == [
                    6, 1, 1, 1, 1, 1,
                ])
        }
    }

    @Test("Blanks, escapes, any order of fields, unknown fields and empty lines are JSON, and read as such")
    func leniency() throws {
        let text = """

            { "key" : "k\\u0033" , "later":{"a":[1,-2.5e3,null,{"b":"\\""}],"c":true},\t"p":17,"op":"acquire","req":"9f\\/","ts":5,"e":"invoke"}\r
              \("\t")
            {"token":"8812","req":"9f/","p":17,"ts":6,"e":"ok"}
            {"e":"cs_enter","ts":7,"p":17,"key":"k3","token":8812}
            """
        let judgement = try HistoryJudge().judge(text)
        #expect(judgement.statistics.keys == 1)
        #expect(judgement.statistics.grants == 1)
        #expect(judgement.verdict == .clean)
    }

    @Test("A history is the same however it is cut into pieces")
    func pieces() throws {
        let text = Simulated.history(seed: 5, steps: 150).text
        let whole = try HistoryJudge().judge(text)
        for size in [1, 7, 64, 1_000] {
            #expect(try HistoryJudge().judge(inPiecesOf: size, Array(text.utf8)).statistics == whole.statistics)
        }
    }

    private static let invoke = #"{"e":"invoke","ts":5,"p":1,"req":"a","op":"acquire","key":"k"}"#
    static let bad: [(what: String, lines: [String], line: Int, says: String)] = [
        ("torn", [invoke, #"{"e":"ok","ts":6,"p":1,"re"#], 2, "torn"),
        ("torn in a number", [invoke, #"{"e":"ok","ts":6"#], 2, "torn"),
        ("no JSON", ["hello", invoke], 1, "missing"),
        ("an array", ["[1,2]", invoke], 1, "missing"),
        ("two objects", [invoke + invoke, invoke], 1, "follows"),
        ("an empty object", ["{}", invoke], 1, "empty"),
        ("no event", [#"{"ts":5}"#, invoke], 1, "\"e\" is missing"),
        ("an unknown event", [#"{"e":"boom","ts":5}"#, invoke], 1, "boom"),
        ("an unknown operation", [invoke.replacing("acquire", with: "grab"), invoke], 1, "grab"),
        ("an unknown mode", [#"{"mode":"y",\#(invoke.dropFirst())"#, invoke], 1, "mode"),
        ("no time", [invoke.replacing(#""ts":5,"#, with: ""), invoke], 1, "\"ts\" is missing"),
        ("no process", [invoke.replacing(#""p":1,"#, with: ""), invoke], 1, "\"p\" is missing"),
        ("no request", [invoke.replacing(#""req":"a","#, with: ""), invoke], 1, "\"req\" is missing"),
        ("no operation", [invoke.replacing(#""op":"acquire","#, with: ""), invoke], 1, "\"op\" is missing"),
        ("no key", [invoke.replacing(#","key":"k""#, with: ""), invoke], 1, "\"key\" is missing"),
        ("a huge time", [invoke.replacing("5", with: "99999999999999999999"), invoke], 1, "too large"),
        ("a time of 2^63", [invoke.replacing("5", with: "9223372036854775808"), invoke], 1, "too large"),
        ("a negative time", [invoke.replacing("5", with: "-5"), invoke], 1, "not negative"),
        ("a broken time", [invoke.replacing("5", with: "5.5"), invoke], 1, "whole number"),
        ("a time in words", [invoke.replacing("5", with: "\"5\""), invoke], 1, "whole number"),
        (
            "a token beyond 2^53", [invoke, #"{"e":"ok","ts":6,"p":1,"req":"a","token":9007199254740992}"#, invoke], 2,
            "2^53"
        ),
        ("a token of nothing", [invoke, #"{"e":"ok","ts":6,"p":1,"req":"a","token":0}"#, invoke], 2, "token"),
        ("an answer to nothing", [#"{"e":"ok","ts":6,"p":1,"req":"a"}"#, invoke], 1, "did not invoke"),
        ("an answer before its call", [invoke, #"{"e":"ok","ts":4,"p":1,"req":"a"}"#, invoke], 2, "before"),
        ("a request twice at once", [invoke, invoke, invoke], 2, "under way"),
        (
            "a process that is used after its end", [invoke, #"{"e":"info","ts":6,"p":1,"req":"a"}"#, invoke, invoke],
            3,
            "\"was\""
        ),
        ("an exit without an entry", [#"{"e":"cs_exit","ts":6,"p":1,"key":"k"}"#, invoke], 1, "did not enter"),
        ("permits beyond their limit", [#"{"mode":"p","n":3,"limit":2,\#(invoke.dropFirst())"#, invoke], 1, "permits"),
        ("permits without a limit", [#"{"mode":"p",\#(invoke.dropFirst())"#, invoke], 1, "\"limit\""),
        ("a newer version", [#"{"e":"begin","v":2}"#, invoke], 1, "version"),
        ("a control character", ["{\"e\":\"\u{1}\"}", invoke], 1, "control"),
        ("an unknown escape", [#"{"e":"\x"}"#, invoke], 1, "escape"),
        ("deep nesting", [#"{"x":"# + String(repeating: "[", count: 100), invoke], 1, "deeply"),
    ]

    @Test("What is no history is refused, with the line and what is wrong with it", arguments: bad.map(\.what))
    func refused(what: String) throws {
        let bad = try #require(Self.bad.first { $0.what == what })
        let error = #expect(throws: HistoryError.self) { try HistoryJudge().judge(bad.lines.joined(separator: "\n")) }
        #expect(error?.line == bad.line)
        #expect(error?.message.contains(bad.says) == true, "\(error?.message ?? "")")
    }

    @Test("No bytes, however damaged, make the reader trap")
    func fuzz() {
        var draw = SeededGenerator(seed: 53)
        let lines = Array((Self.good + Mutation.all[0].story(changed: true).text).utf8)
        var refused = 0
        for _ in 0..<4_000 {
            var bytes = lines
            for _ in 0..<Int.random(in: 1...4, using: &draw) {
                let place = Int.random(in: 0..<bytes.count, using: &draw)
                switch Int.random(in: 0..<3, using: &draw) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &draw)
                case 1: bytes.remove(at: place)
                default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &draw)], at: place)
                }
            }
            do { _ = try HistoryJudge().judge(bytes) } catch { refused += 1 }
        }
        #expect((1...3_999).contains(refused))
    }
}
