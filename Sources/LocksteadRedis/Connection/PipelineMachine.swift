import DequeModule
import RESP

/// Matches a connection's answers with what was asked, in order.
struct PipelineMachine<Waiter> {
    private enum Expected {
        case answer(Waiter)
        case pong
    }

    /// What a value from the server is.
    enum Event {
        case answered(Waiter)
        case pong
        /// A message outside the order.
        case pushed
        /// The server and we disagree about what was asked: nothing that follows can be matched.
        case outOfStep(String)
    }

    private var expected: Deque<Expected> = []

    /// How many answers are owed.
    var owed: Int { expected.count }

    /// Takes note of a command that was written.
    mutating func wrote(_ waiter: Waiter) { expected.append(.answer(waiter)) }

    /// Takes note of a PING that was written.
    mutating func wrotePing() { expected.append(.pong) }

    mutating func received(_ value: RESPValue) -> Event {
        if case .push = value.bare { return .pushed }
        switch expected.popFirst() {
        case .answer(let waiter): return .answered(waiter)
        case .pong where value.isPong || value.error != nil: return .pong
        case .pong: return .outOfStep("a PING was answered with something else")
        case nil: return .outOfStep("an answer came to nothing that was asked")
        }
    }

    func forEachWaiter(_ body: (Waiter) -> Void) {
        for case .answer(let waiter) in expected { body(waiter) }
    }

    /// Takes out all who wait, in order.
    mutating func drain() -> [Waiter] {
        defer { expected.removeAll() }
        return expected.compactMap { if case .answer(let waiter) = $0 { waiter } else { nil } }
    }
}

extension RESPValue {
    /// `+PONG`, or the array that RESP2 answers with on a connection that listens.
    var isPong: Bool {
        if let bytes { return bytes.elementsEqual("PONG".utf8) }
        return elements?.first?.bytes?.elementsEqual("pong".utf8) ?? false
    }
}
