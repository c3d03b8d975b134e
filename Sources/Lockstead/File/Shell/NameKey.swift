internal import LockCore

/// A lock's name and the file names that belong to it.
package struct NameKey: Sendable, Hashable {
    package let name: LockName
    /// SHA-256 of the name in hexadecimal: any name fits a file's, and the real one is inside.
    package let hash: String

    package init(_ name: LockName) {
        self.name = name
        hash = SHA256.hexadecimal(name.text.utf8)
    }

    package var stateFile: String { hash + LockFileName.stateSuffix }
    package func lifelineFile(of session: SessionID) -> String { "\(hash).\(session)\(LockFileName.lifelineSuffix)" }
}

/// What a file in a lock folder is, by its name.
package enum LockFileName: Sendable, Hashable {
    case state(hash: String)
    case lifeline(hash: String, SessionID)
    /// A state file whose making was cut short.
    case unborn(hash: String)
    case foreign

    static let stateSuffix = ".state"
    static let lifelineSuffix = ".alive"
    static let unbornSuffix = ".new"

    package init(_ file: String) {
        let parts = file.split(separator: ".", omittingEmptySubsequences: false)
        guard let hash = parts.first.map(String.init), Self.isHash(hash) else {
            self = .foreign
            return
        }
        switch (parts.count, parts.last) {
        case (2, "state"): self = .state(hash: hash)
        case (3, "alive"): self = SessionID(hexadecimal: parts[1]).map { .lifeline(hash: hash, $0) } ?? .foreign
        case (3, "new"): self = SessionID(hexadecimal: parts[1]) == nil ? .foreign : .unborn(hash: hash)
        default: self = .foreign
        }
    }

    private static func isHash(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
