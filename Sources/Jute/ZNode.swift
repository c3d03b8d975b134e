/// What a server tells of a node beside its data.
package struct ZNodeStat: Sendable, Hashable {
    /// The transaction that created it.
    package var created: Int64 = 0
    /// The transaction that last wrote its data.
    package var modified: Int64 = 0
    /// When it was created, by the server's wall clock, in milliseconds since 1970.
    package var createdAt: Int64 = 0
    /// When its data was last written, by the server's wall clock.
    package var modifiedAt: Int64 = 0
    /// How often its data was written.
    package var version: Int32 = 0
    /// How often its children changed.
    package var childVersion: Int32 = 0
    /// The session that it ends with; 0 for one that stays.
    package var owner: Int64 = 0
    package var childCount: Int32 = 0

    /// What it takes on the wire.
    static let byteCount = 68

    package init() {}

    package init(_ reader: inout JuteReader) throws(JuteError) {
        created = try reader.long()
        modified = try reader.long()
        createdAt = try reader.long()
        modifiedAt = try reader.long()
        version = try reader.int()
        childVersion = try reader.int()
        // How often its access list was written, and how long its data is.
        _ = try reader.int()
        owner = try reader.long()
        _ = try reader.int()
        childCount = try reader.int()
        // The transaction that last changed its children.
        _ = try reader.long()
    }
}

/// Who may do what with a node.
package struct ZNodeAccess: Sendable, Hashable {
    package var permissions: Int32
    package var scheme: String
    package var identity: String

    package init(permissions: Int32 = 31, scheme: String, identity: String) {
        (self.permissions, self.scheme, self.identity) = (permissions, scheme, identity)
    }

    /// Everybody may do everything.
    package static let open = [ZNodeAccess(scheme: "world", identity: "anyone")]
    /// Whoever creates a node may do everything, and nobody else anything.
    package static let creator = [ZNodeAccess(scheme: "auth", identity: "")]

    func write(_ writer: inout JuteWriter) {
        writer.int(permissions)
        writer.text(scheme)
        writer.text(identity)
    }
}

/// How long a node stays.
package enum ZNodeKind: Int32, Sendable {
    case persistent = 0
    case ephemeral = 1
    case persistentSequential = 2
    case ephemeralSequential = 3
    /// Removed by the servers some time after its last child has gone.
    case container = 4
}
