import LockCore

extension LockRequest {
    /// Refuses what an engine with these capabilities cannot carry, so that every engine refuses it in the same words.
    ///
    /// - Parameter capabilities: What the engine can carry.
    /// - Throws: `LockError` with the code `unsupported` for a missing feature, `invalidOption` for a value out of range.
    package func check(against capabilities: Capabilities) throws(LockError) {
        try checkLease(against: capabilities)
        let missing = neededFeatures.subtracting(capabilities.features)
        guard !missing.isEmpty else { return }
        let words = missing.names.joined(separator: ", ")
        throw LockError(
            .unsupported, "The engine \(capabilities.engine) has no \(words). Ask without, or use another engine.",
            effect: .didNotHappen)
    }

    /// Whether it asks for one name, exclusively, and for nothing that not every engine has.
    var isPlain: Bool {
        names.count == 1 && mode == .exclusive && lease.attoseconds > 0 && terms.lockDelay.attoseconds == 0
            && terms.minimumHold.attoseconds == 0 && terms.maximumHold == nil
    }

    private func checkLease(against capabilities: Capabilities) throws(LockError) {
        let shortest = capabilities.shortestLease ?? .zero
        guard lease > .zero, lease >= shortest, lease <= capabilities.longestLease else {
            throw LockError(
                .invalidOption,
                "A lease of \(lease) is out of range. Ask the engine \(capabilities.engine) for "
                    + "\(shortest > .zero ? "at least \(shortest)" : "more than nothing") and at most \(capabilities.longestLease).",
                effect: .didNotHappen)
        }
    }

    /// What the request asks of an engine beyond an exclusive lock.
    private var neededFeatures: Capabilities.Features {
        var needed: Capabilities.Features = []
        switch mode {
        case .exclusive: break
        case .shared: needed.insert(.shared)
        case .permits: needed.insert(.permits)
        }
        if names.count > 1 { needed.insert(.severalNames) }
        // An engine that has only one order takes every request in that order; it lacks the other.
        if wait != .never { needed.insert(fairness == .fair ? .fair : .barging) }
        if terms.lockDelay != .zero { needed.insert(.lockDelay) }
        if terms.minimumHold != .zero { needed.insert(.minimumHold) }
        if terms.maximumHold != nil { needed.insert(.maximumHold) }
        if priority != 0 { needed.insert(.priority) }
        return needed
    }
}

extension Capabilities.Features {
    /// The features in plain words, for error messages and tables.
    package var names: [String] { Self.all.filter { contains($0.feature) }.map(\.name) }

    private static let all: [(feature: Self, name: String)] = [
        (.shared, "shared mode"), (.permits, "semaphores"), (.fair, "fair order"), (.barging, "barging"),
        (.severalNames, "atomic locks over several names"), (.lockDelay, "lock-delay"),
        (.minimumHold, "minimum hold"), (.maximumHold, "maximum hold"), (.priority, "priorities"),
        (.downgrade, "downgrade"), (.handOver, "hand-over"), (.inspect, "inspection"), (.list, "listing"),
        (.changes, "changes"), (.forceRelease, "forced release"), (.deadlockDetection, "deadlock detection"),
        (.betweenProcesses, "exclusion between processes"), (.registers, "registers"),
    ]
}
