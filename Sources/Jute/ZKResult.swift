/// What an operation brought.
package enum ZKResult: Sendable, Hashable {
    case created(path: String, ZNodeStat)
    case stat(ZNodeStat)
    case data([UInt8], ZNodeStat)
    case children([String], ZNodeStat)
    /// What each part of a transaction brought.
    case parts([ZKPart])
    case done

    /// Reads the body of a successful reply.
    ///
    /// - Parameters:
    ///   - operation: What was asked for.
    ///   - reader: Where the body begins.
    /// - Throws: `JuteError` for a body that is none of that operation's.
    package init(of operation: ZKOperation, _ reader: inout JuteReader) throws(JuteError) {
        switch operation {
        case .create: self = .created(path: try reader.text(), try ZNodeStat(&reader))
        case .exists, .setData: self = .stat(try ZNodeStat(&reader))
        case .getData:
            let data = try reader.buffer()
            self = .data(data, try ZNodeStat(&reader))
        case .getChildren:
            let children = try reader.texts()
            self = .children(children, try ZNodeStat(&reader))
        case .multi: self = .parts(try Self.parts(&reader))
        case .delete, .check, .sync, .addRecursiveWatch, .removeWatches, .closeSession: self = .done
        }
    }

    private static func parts(_ reader: inout JuteReader) throws(JuteError) -> [ZKPart] {
        var parts: [ZKPart] = []
        while true {
            let type = try reader.int()
            let isDone = try reader.boolean()
            // Said once more in the part itself.
            _ = try reader.int()
            if isDone { return parts }
            switch type {
            case -1: parts.append(.failed(ZKErrorCode(rawValue: try reader.int())))
            case 1: parts.append(.created(path: try reader.text(), created: nil))
            case 15, 19, 21:
                let path = try reader.text()
                parts.append(.created(path: path, created: try ZNodeStat(&reader).created))
            case 5:
                parts.append(.written(version: try ZNodeStat(&reader).version))
            case 2, 13: parts.append(.done)
            default: throw .unexpectedResult(type)
            }
        }
    }
}

/// What one part of a transaction brought.
package enum ZKPart: Sendable, Hashable {
    case created(path: String, created: Int64?)
    case written(version: Int32)
    case done
    /// The part's own error; `.fine` and `.rolledBack` where another part's kept it from being done.
    case failed(ZKErrorCode)
}

/// What a server says that went wrong.
package struct ZKErrorCode: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let fine = Self(rawValue: 0)
    /// Another part of the same transaction failed.
    package static let rolledBack = Self(rawValue: -2)
    package static let connectionLoss = Self(rawValue: -4)
    package static let unimplemented = Self(rawValue: -6)
    package static let timedOut = Self(rawValue: -7)
    package static let badArguments = Self(rawValue: -8)
    package static let noNode = Self(rawValue: -101)
    package static let notPermitted = Self(rawValue: -102)
    package static let badVersion = Self(rawValue: -103)
    package static let noChildrenForEphemerals = Self(rawValue: -108)
    package static let nodeExists = Self(rawValue: -110)
    package static let notEmpty = Self(rawValue: -111)
    package static let sessionExpired = Self(rawValue: -112)
    package static let badAccessList = Self(rawValue: -114)
    package static let authenticationFailed = Self(rawValue: -115)
    package static let sessionMoved = Self(rawValue: -118)
    package static let readOnly = Self(rawValue: -119)
    package static let quotaExceeded = Self(rawValue: -125)
    package static let throttled = Self(rawValue: -127)

    package var description: String {
        switch self {
        case .noNode: "no node"
        case .notPermitted: "not authenticated"
        case .badVersion: "bad version"
        case .nodeExists: "node exists"
        case .notEmpty: "not empty"
        case .sessionExpired: "session expired"
        case .sessionMoved: "session moved"
        case .authenticationFailed: "authentication failed"
        case .noChildrenForEphemerals: "ephemeral nodes have no children"
        case .readOnly: "not read-only"
        case .unimplemented: "unimplemented"
        case .quotaExceeded: "quota exceeded"
        case .throttled: "throttled"
        case .badAccessList: "invalid access list"
        default: "error \(rawValue)"
        }
    }
}
