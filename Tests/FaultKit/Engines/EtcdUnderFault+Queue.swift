import Foundation
import Lockstead
import TestServers

// What an operator does with etcd's own tool, at the second member: the first one may be down.
extension EtcdUnderFault {
    private var desk: EtcdServer { cluster.members[1] }

    /// Forgets all of etcd's history up to now.
    ///
    /// - Returns: Whether there was anything to forget.
    func compact() -> Bool {
        do {
            try desk.compact()
            return true
        } catch {
            // It has been compacted to there before, or a leader is missing at present.
            return false
        }
    }

    /// The leases of those who hold a lock or wait for it, in their order.
    func leases(of name: String) throws -> [String] {
        let words = ["get", name + "/", "--prefix", "--sort-by=CREATE", "--order=ASCEND", "--write-out", "json"]
        return try KeyListing(desk.control(words)).kvs?.map { String(UInt64(bitPattern: $0.lease ?? 0), radix: 16) }
            ?? []
    }

    /// Revokes a lease by hand.
    func revoke(_ lease: String) throws { try desk.control("lease", "revoke", lease) }
}

/// What `etcdctl get` prints.
struct KeyListing: Decodable {
    struct Pair: Decodable {
        let key: Data
        let created: Int64
        let lease: Int64?

        enum CodingKeys: String, CodingKey {
            case key, lease
            case created = "create_revision"
        }
    }

    let kvs: [Pair]?

    init(_ text: String) throws { self = try JSONDecoder().decode(KeyListing.self, from: Data(text.utf8)) }
}
