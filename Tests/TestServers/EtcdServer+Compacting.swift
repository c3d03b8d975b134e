import Foundation

extension EtcdServer {
    /// Forgets all of etcd's history up to now.
    ///
    /// - Parameter user: Who does so, as `name:password`, where the cluster wants a user.
    /// - Throws: `ServerError` where there is nothing to forget since the last time, or where there is no leader.
    package func compact(user: String? = nil) throws {
        let identity = user.map { ["--user", $0] } ?? []
        let answer = try control(identity + ["get", "nothing", "--write-out", "json"])
        let revision = try JSONDecoder().decode(EtcdAnswer.self, from: Data(answer.utf8)).header.revision
        try control(identity + ["compact", "\(revision)"])
    }
}

/// What etcdctl prints of every answer.
private struct EtcdAnswer: Decodable {
    struct Header: Decodable { let revision: Int64 }
    let header: Header
}
