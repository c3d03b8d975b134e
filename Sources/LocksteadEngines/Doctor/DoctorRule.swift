/// One thing that `lockstead doctor` looks at.
///
/// An engine brings its own; the tool runs them and adds those that hold for all engines.
package protocol DoctorRule: Sendable {
    /// What is looked at, in a word or two.
    var subject: String { get }
    /// Looks, and says what it saw. Never throws: what cannot be seen is told as unknown.
    func examine() async -> Finding
}

/// What a rule saw.
package struct Finding: Sendable, Hashable {
    /// How bad it is.
    package enum Verdict: String, Sendable, CaseIterable {
        /// As it should be.
        case good
        /// Works, but will not for ever or not for all.
        case warning
        /// Locks do not work, or cannot be trusted.
        case failure
        /// Could not be looked at.
        case unknown
    }

    package let verdict: Verdict
    /// What was seen.
    package let fact: String
    /// What to do about it; `nil` where there is nothing to do.
    package let advice: String?

    package static func good(_ fact: String) -> Finding { Finding(verdict: .good, fact: fact, advice: nil) }
    package static func warning(_ fact: String, advice: String) -> Finding {
        Finding(verdict: .warning, fact: fact, advice: advice)
    }
    package static func failure(_ fact: String, advice: String) -> Finding {
        Finding(verdict: .failure, fact: fact, advice: advice)
    }
    package static func unknown(_ fact: String) -> Finding { Finding(verdict: .unknown, fact: fact, advice: nil) }
}
