import Lockstead

/// A member's version.
struct EtcdVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    let major: Int
    let minor: Int
    let patch: Int

    /// Reads `3.5.23` and what begins so, such as `3.6.0-rc.1`; `nil` for anything else.
    init?(_ text: String) {
        let numbers = text.split(separator: ".", maxSplits: 2).map { part in
            Int(part.prefix { $0.isASCII && $0.isNumber })
        }
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
            return nil
        }
        (self.major, self.minor, self.patch) = (major, minor, patch)
    }

    /// What a member said of itself; what cannot be read is taken for older than all.
    init(told text: String) { self = EtcdVersion(text) ?? EtcdVersion(major: 0, minor: 0, patch: 0) }

    private init(major: Int, minor: Int, patch: Int) { (self.major, self.minor, self.patch) = (major, minor, patch) }

    var description: String { "\(major).\(minor).\(patch)" }

    static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    /// RULES 31: whether a member of this version never drops a lease that it has just kept alive.
    var keepsLeases: Bool {
        switch (major, minor) {
        case (3, 4): patch >= 38
        case (3, 5): patch >= 23
        case (3, 6): patch >= 5
        default: (major, minor) > (3, 6)
        }
    }

    /// What grants are worth on members of which this is the oldest.
    var guarantee: Guarantee {
        Guarantee(exclusion: keepsLeases ? .linearizable : .advisory, scope: .cluster, fencing: .monotonic)
    }
}
