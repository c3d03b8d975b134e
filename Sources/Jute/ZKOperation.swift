/// One thing that a server can be asked to do.
package enum ZKOperation: Sendable, Hashable {
    case create(path: String, data: [UInt8], access: [ZNodeAccess], kind: ZNodeKind)
    /// `version` -1 takes any.
    case delete(path: String, version: Int32 = -1)
    case exists(path: String, watch: Bool)
    case getData(path: String, watch: Bool)
    case setData(path: String, data: [UInt8], version: Int32)
    case getChildren(path: String, watch: Bool)
    /// Fails unless the node is there, with that version where it is not -1.
    case check(path: String, version: Int32)
    /// All or none, in one transaction.
    case multi([ZKOperation])
    /// Has the server catch up with the leader.
    case sync(path: String)
    /// Watches a node and all below it until told otherwise.
    case addRecursiveWatch(path: String)
    case removeWatches(path: String)
    case closeSession

    package var opcode: Int32 {
        switch self {
        case .create(_, _, _, .container): 19
        case .create: 15
        case .delete: 2
        case .exists: 3
        case .getData: 4
        case .setData: 5
        case .getChildren: 12
        case .check: 13
        case .multi: 14
        case .sync: 9
        case .addRecursiveWatch: 106
        case .removeWatches: 18
        case .closeSession: -11
        }
    }

    /// Whether it can change something; what only reads may be asked again whatever became of it.
    package var isWrite: Bool {
        switch self {
        case .create, .delete, .setData, .closeSession: true
        case .multi(let parts): parts.contains(where: \.isWrite)
        case .exists, .getData, .getChildren, .check, .sync, .addRecursiveWatch, .removeWatches: false
        }
    }

    /// The request as a frame.
    package func frame(xid: Int32) -> [UInt8] {
        var writer = JuteWriter()
        writer.int(xid)
        writer.int(opcode)
        writeBody(&writer)
        return writer.frame
    }

    private func writeBody(_ writer: inout JuteWriter) {
        switch self {
        case .create(let path, let data, let access, let kind):
            writer.text(path)
            writer.buffer(data)
            writer.vector(access) { $1.write(&$0) }
            writer.int(kind.rawValue)
        case .delete(let path, let version), .check(let path, let version):
            writer.text(path)
            writer.int(version)
        case .exists(let path, let watch), .getData(let path, let watch), .getChildren(let path, let watch):
            writer.text(path)
            writer.boolean(watch)
        case .setData(let path, let data, let version):
            writer.text(path)
            writer.buffer(data)
            writer.int(version)
        case .multi(let parts): writeParts(parts, &writer)
        case .sync(let path): writer.text(path)
        case .addRecursiveWatch(let path):
            writer.text(path)
            writer.int(1)
        case .removeWatches(let path):
            writer.text(path)
            // Of any kind.
            writer.int(3)
        case .closeSession: break
        }
    }

    private func writeParts(_ parts: [ZKOperation], _ writer: inout JuteWriter) {
        for part in parts {
            writer.int(part.opcode)
            writer.boolean(false)
            writer.int(-1)
            part.writeBody(&writer)
        }
        writer.int(-1)
        writer.boolean(true)
        writer.int(-1)
    }
}
