import Lockstead

// Options as engines read them: what cannot be read is refused, with what would do.

extension EngineURL {
    /// The option as a length of time, such as `2m`.
    func duration(_ name: String) throws(LockError) -> Duration? {
        guard let text = option(name) else { return nil }
        guard let duration = DurationText.parse(text), duration > .zero else {
            throw unreadable(name, "a length of time; \(DurationText.form)")
        }
        return duration
    }

    /// The option as a whole number within bounds.
    func number(_ name: String, in range: ClosedRange<Int>) throws(LockError) -> Int? {
        guard let text = option(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw unreadable(name, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The option as one of a few words.
    func choice<Value>(_ name: String, among choices: [String: Value]) throws(LockError) -> Value? {
        guard let text = option(name) else { return nil }
        guard let value = choices[text] else {
            throw unreadable(name, choices.keys.sorted().map { "\"\($0)\"" }.joined(separator: " or "))
        }
        return value
    }

    /// Never echoes what is there: it may be a password in the wrong place.
    private func unreadable(_ name: String, _ wanted: String) -> LockError {
        LockError(
            .invalidOption, "The option \"\(name)\" of the \(scheme) engine wants \(wanted).", effect: .didNotHappen)
    }
}
