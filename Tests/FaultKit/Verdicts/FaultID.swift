/// What goes wrong; in reports `F-G1` and so on, to keep them apart from regressions.
package enum FaultID: String, Sendable, Hashable, CaseIterable, Codable {
    /// A client is stopped inside of its critical section.
    case clientPaused = "G1"
    /// A client is killed.
    case clientKilled = "G2"
    /// A client is cut off from the engine.
    case clientCutOff = "G3"
    /// A client's wall clock jumps.
    case clientClock = "G4"
    /// The answer to an acquire is lost after the engine has granted it.
    case answerLost = "G5"
    /// A network that loses and delays.
    case badNetwork = "G6"
    /// The server is killed, or loses power, and starts again.
    case serverKilled = "R1"
    /// The server's wall clock jumps.
    case serverClock = "R2"

    /// As it is written.
    package var text: String { "F-\(rawValue)" }

    /// Reads `G1` or `F-G1`, in any case.
    package init?(_ text: String) {
        let upper = text.uppercased()
        self.init(rawValue: upper.hasPrefix("F-") ? String(upper.dropFirst(2)) : upper)
    }
}
