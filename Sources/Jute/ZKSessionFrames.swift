/// The first frame of a connection: begins a session, or goes on with one.
package struct ZKConnectRequest: Sendable, Hashable {
    /// The newest transaction that this client has seen: a server that is behind it refuses.
    package var lastSeen: Int64
    /// The session's timeout in milliseconds.
    package var timeout: Int32
    /// 0 for a new session.
    package var session: Int64
    package var password: [UInt8]

    package init(lastSeen: Int64, timeout: Int32, session: Int64 = 0, password: [UInt8] = []) {
        (self.lastSeen, self.timeout) = (lastSeen, timeout)
        (self.session, self.password) = (session, password)
    }

    package var frame: [UInt8] {
        var writer = JuteWriter()
        writer.int(0)
        writer.long(lastSeen)
        writer.int(timeout)
        writer.long(session)
        writer.buffer(password.isEmpty ? [UInt8](repeating: 0, count: 16) : password)
        // A server that is cut off from the others serves nobody who wants locks.
        writer.boolean(false)
        return writer.frame
    }
}

/// What a server says to it.
package struct ZKConnectResponse: Sendable, Hashable {
    /// The timeout in milliseconds that the server gives; 0 or less where the session has expired.
    package var timeout: Int32
    package var session: Int64
    package var password: [UInt8]
    package var isReadOnly = false

    package init(_ frame: ArraySlice<UInt8>) throws(JuteError) {
        var reader = JuteReader(frame)
        // The version of the protocol, which is 0.
        _ = try reader.int()
        timeout = try reader.int()
        session = try reader.long()
        password = try reader.buffer()
        // Older servers do not say.
        if !reader.isAtEnd { isReadOnly = try reader.boolean() }
    }
}

/// Frames that have a place of their own among the numbers of requests.
package enum ZKSpecialFrame {
    package static let pingXid: Int32 = -2
    package static let authenticationXid: Int32 = -4
    package static let watchesXid: Int32 = -8
    package static let eventXid: Int32 = -1

    package static let ping: [UInt8] = {
        var writer = JuteWriter()
        writer.int(pingXid)
        writer.int(11)
        return writer.frame
    }()

    /// Says who we are, such as by `digest` and `user:password`.
    package static func authentication(scheme: String, _ secret: String) -> [UInt8] {
        var writer = JuteWriter()
        writer.int(authenticationXid)
        writer.int(100)
        writer.int(0)
        writer.text(scheme)
        writer.text(secret)
        return writer.frame
    }

    /// Sets watches anew on another server: what has happened since the transaction last seen is told at once.
    package static func watches(
        since seen: Int64, data: [String] = [], children: [String] = [], recursive: [String] = []
    ) -> [UInt8] {
        var writer = JuteWriter()
        writer.int(watchesXid)
        // Servers before 3.6 know the first kinds only.
        writer.int(recursive.isEmpty ? 101 : 105)
        writer.long(seen)
        for paths in [data, [], children] { writer.texts(paths) }
        if !recursive.isEmpty { for paths in [[], recursive] { writer.texts(paths) } }
        return writer.frame
    }
}

/// What a server sends once a session is there.
package enum ZKMessage: Sendable, Hashable {
    /// The answer to a request; its body is still to be read.
    case reply(xid: Int32, seen: Int64, error: ZKErrorCode, body: ArraySlice<UInt8>)
    case event(ZKEvent)

    package init(_ frame: ArraySlice<UInt8>) throws(JuteError) {
        var reader = JuteReader(frame)
        let (xid, seen, error) = (try reader.int(), try reader.long(), try reader.int())
        if xid == ZKSpecialFrame.eventXid {
            self = .event(try ZKEvent(&reader))
        } else {
            self = .reply(xid: xid, seen: seen, error: ZKErrorCode(rawValue: error), body: frame.dropFirst(16))
        }
    }
}

/// What a watch tells.
package struct ZKEvent: Sendable, Hashable {
    package enum Kind: Int32, Sendable {
        case created = 1
        case deleted = 2
        case dataChanged = 3
        case childrenChanged = 4
    }

    /// `nil` for what concerns the session and not a node.
    package var kind: Kind?
    package var path: String

    package init(_ kind: Kind?, _ path: String) { (self.kind, self.path) = (kind, path) }

    package init(_ reader: inout JuteReader) throws(JuteError) {
        kind = Kind(rawValue: try reader.int())
        // The session's state, which the connection tells better.
        _ = try reader.int()
        path = try reader.text()
    }
}
