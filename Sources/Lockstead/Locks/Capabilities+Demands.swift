import LockCore

extension Capabilities {
    /// Refuses what the engine cannot carry, naming both.
    func demand(_ feature: Features, _ what: String) throws(LockError) {
        guard !features.contains(feature) else { return }
        throw .unsupported("The engine \(engine) does not support \(what); use an engine that does.")
    }

    /// Refuses a kind of lock where the engine lacks what it is made of.
    func demand(_ needed: Features, for kind: String) throws(LockError) {
        let missing = needed.subtracting(features)
        guard !missing.isEmpty else { return }
        let names = missing.names.joined(separator: ", ")
        throw .unsupported("The engine \(engine) has no \(names), which \(kind) needs; use an engine that has.")
    }
}

extension LockError {
    fileprivate static func unsupported(_ message: String) -> LockError {
        LockError(.unsupported, message, effect: .didNotHappen)
    }
}
