import Lockstead

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension KeyBytes {
    var data: Data { Data(self) }
}

/// A transaction, put together piece by piece: all compares hold, or the other branch is carried out; either way in one revision.
struct Transaction: Sendable {
    private(set) var request = Etcdserverpb_TxnRequest()

    /// One operation of a branch.
    enum Step: Sendable {
        case put(KeyBytes, value: KeyBytes, lease: LeaseID?)
        /// Writes a key and leaves its lease as it is.
        case rewrite(KeyBytes, value: KeyBytes)
        case delete(KeyBytes)
        case read(Etcdserverpb_RangeRequest)
    }

    // MARK: Compares

    /// No such key.
    mutating func require(absent key: KeyBytes) { compare(KeyRange(only: key), .create, .equal, 0) }

    /// No key of the range.
    mutating func require(empty range: KeyRange) { compare(range, .create, .equal, 0) }

    /// No key of the range was made after a revision.
    mutating func require(nothingNewIn range: KeyRange, since revision: Int64) {
        compare(range, .create, .less, revision &+ 1)
    }

    /// The very key that was made at a revision.
    mutating func require(_ key: KeyBytes, created: Int64) { compare(KeyRange(only: key), .create, .equal, created) }

    /// The key as it was last written at a revision.
    mutating func require(_ key: KeyBytes, modified: Int64) { compare(KeyRange(only: key), .mod, .equal, modified) }

    private mutating func compare(
        _ range: KeyRange, _ target: Etcdserverpb_Compare.CompareTarget,
        _ result: Etcdserverpb_Compare.CompareResult, _ revision: Int64
    ) {
        var compare = Etcdserverpb_Compare()
        (compare.key, compare.rangeEnd) = (range.start.data, range.end.data)
        (compare.target, compare.result) = (target, result)
        if target == .mod { compare.modRevision = revision } else { compare.createRevision = revision }
        request.compare.append(compare)
    }

    // MARK: Branches

    mutating func then(_ step: Step) { request.success.append(step.operation) }
    mutating func otherwise(_ step: Step) { request.failure.append(step.operation) }
}

extension Transaction.Step {
    fileprivate var operation: Etcdserverpb_RequestOp {
        var operation = Etcdserverpb_RequestOp()
        switch self {
        case .put(let key, let value, let lease):
            var put = Etcdserverpb_PutRequest()
            (put.key, put.value, put.lease) = (key.data, value.data, lease?.rawValue ?? 0)
            operation.requestPut = put
        case .rewrite(let key, let value):
            var put = Etcdserverpb_PutRequest()
            (put.key, put.value, put.ignoreLease) = (key.data, value.data, true)
            operation.requestPut = put
        case .delete(let key):
            var delete = Etcdserverpb_DeleteRangeRequest()
            delete.key = key.data
            operation.requestDeleteRange = delete
        case .read(let range): operation.requestRange = range
        }
        return operation
    }
}

extension Etcdserverpb_RangeRequest {
    /// Reads a range whole, in order of its keys.
    init(_ range: KeyRange, limit: Int = 0) {
        self.init()
        (key, rangeEnd, self.limit) = (range.start.data, range.end.data, Int64(limit))
    }

    /// Counts the keys of a range, and reads none.
    static func count(_ range: KeyRange) -> Self {
        var request = Self(range)
        request.countOnly = true
        return request
    }

    /// Reads who came, or who came no later than a revision, the last ones first.
    static func latest(_ range: KeyRange, upTo created: Int64?, count: Int) -> Self {
        var request = Self(range, limit: count)
        (request.sortTarget, request.sortOrder) = (.create, .descend)
        request.maxCreateRevision = created ?? 0
        return request
    }
}

extension Etcdserverpb_TxnResponse {
    /// What its reads brought, in their order.
    var reads: [Etcdserverpb_RangeResponse] {
        responses.compactMap { response in
            if case .responseRange(let range)? = response.response { range } else { nil }
        }
    }
}

extension Contender {
    /// A key as it was read, where it is a contender of this name.
    init?(_ pair: Etcdserverpb_KeyValue, of keys: LockKeys) {
        let key = KeyBytes(pair.key)
        let start = keys.contenders.start
        guard key.starts(with: start), let parts = ContenderKey(key[start.count...]) else { return nil }
        self.init(pair, key, parts)
    }

    init(_ pair: Etcdserverpb_KeyValue, _ key: KeyBytes, _ parts: ContenderKey) {
        self.init(
            key: key, created: pair.createRevision, modified: pair.modRevision, lease: parts.lease,
            request: parts.request, record: ContenderRecord(pair.value))
    }
}

extension ContenderQueue {
    /// Who of what was read contends for a name.
    init(_ response: Etcdserverpb_RangeResponse, of keys: LockKeys) {
        self.init(response.kvs.compactMap { Contender($0, of: keys) })
    }
}
