import Lockstead
import Testing

@testable import LocksteadTesting

struct FactsTests {
    /// Three grants live at 1,000,000,000: one is renewed afterwards, one is told that it is lost, of one nothing is heard.
    private static let history = """
        {"e":"invoke","ts":100,"p":1,"req":"a","op":"acquire","key":"one","mode":"x","ttl_ms":5000}
        {"e":"ok","ts":200,"p":1,"req":"a","token":1}
        {"e":"invoke","ts":100,"p":2,"req":"b","op":"acquire","key":"two","mode":"x","ttl_ms":5000}
        {"e":"ok","ts":200,"p":2,"req":"b","token":2}
        {"e":"invoke","ts":100,"p":3,"req":"c","op":"acquire","key":"three","mode":"x","ttl_ms":5000}
        {"e":"ok","ts":200,"p":3,"req":"c","token":3}
        {"e":"nemesis","ts":1000000000,"f":"kill","on":true}
        {"e":"invoke","ts":1000000100,"p":1,"req":"d","op":"renew","key":"one","token":1,"of":"a","ttl_ms":5000}
        {"e":"ok","ts":1000000200,"p":1,"req":"d"}
        {"e":"invoke","ts":1000000100,"p":2,"req":"e","op":"release","key":"two","token":2,"of":"b"}
        {"e":"fail","ts":1000000200,"p":2,"req":"e","reason":"lost: expired"}
        {"e":"invoke","ts":1000000300,"p":4,"req":"f","op":"acquire","key":"two","mode":"x","ttl_ms":5000}
        {"e":"ok","ts":1000000400,"p":4,"req":"f","token":4}

        """

    @Test(
        "Of the grants that lived when a fault began, the confirmed are kept, the lost are not, and the silent do not count"
    )
    func survival() throws {
        let facts = try HistoryFacts(Array(Self.history.utf8))
        #expect(facts.survival(at: 1_000_000_000) == (alive: 2, kept: 1))
    }

    @Test("What is gone after a release whose answer nobody knows was not lost for sure: it does not count")
    func givenBack() throws {
        let more = """
            {"e":"invoke","ts":1000000500,"p":3,"req":"g","op":"release","key":"three","token":3,"of":"c"}
            {"e":"info","ts":1000000600,"p":3,"req":"g","reason":"indeterminate"}
            {"e":"invoke","ts":1000000700,"p":5,"was":3,"req":"h","op":"release","key":"three","token":3,"of":"c"}
            {"e":"fail","ts":1000000800,"p":5,"req":"h","reason":"lost: expired"}

            """
        let facts = try HistoryFacts(Array((Self.history + more).utf8))
        #expect(facts.survival(at: 1_000_000_000) == (alive: 2, kept: 1))
    }

    @Test("The first new grant is the first that was answered after the fault began, of the lock that is asked for")
    func firstGrant() throws {
        let facts = try HistoryFacts(Array(Self.history.utf8))
        #expect(facts.firstGrant(after: 1_000_000_000) == 1_000_000_400)
        #expect(facts.firstGrant(after: 1_000_000_000, of: "one") == nil)
        #expect(facts.firstGrant(after: 0, of: "two") == 200)
        #expect(facts.tokens(of: "two") == [2, 4])
    }
}
