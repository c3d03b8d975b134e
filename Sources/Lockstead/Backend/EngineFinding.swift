/// One thing that an engine's servers say of themselves, judged.
package struct EngineFinding: Sendable, Hashable {
    package enum Verdict: Sendable, Hashable {
        case good, warning, failure, unknown
    }

    /// What was looked at.
    package let subject: String
    package let verdict: Verdict
    /// What was seen.
    package let fact: String
    /// What to do about it.
    package let advice: String?

    package init(_ subject: String, _ verdict: Verdict, _ fact: String, _ advice: String? = nil) {
        (self.subject, self.verdict, self.fact, self.advice) = (subject, verdict, fact, advice)
    }
}
