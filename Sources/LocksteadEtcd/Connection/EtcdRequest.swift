import GRPCCore
import SwiftProtobuf

/// A message that is asked and answered once.
protocol EtcdRequest: Message {
    associatedtype Answer: Message
    static var method: MethodDescriptor { get }
}

extension Etcdserverpb_RangeRequest: EtcdRequest {
    typealias Answer = Etcdserverpb_RangeResponse
    static var method: MethodDescriptor { Etcdserverpb_KV.Method.Range.descriptor }
}

extension Etcdserverpb_TxnRequest: EtcdRequest {
    typealias Answer = Etcdserverpb_TxnResponse
    static var method: MethodDescriptor { Etcdserverpb_KV.Method.Txn.descriptor }
}

extension Etcdserverpb_LeaseGrantRequest: EtcdRequest {
    typealias Answer = Etcdserverpb_LeaseGrantResponse
    static var method: MethodDescriptor { Etcdserverpb_Lease.Method.LeaseGrant.descriptor }
}

extension Etcdserverpb_LeaseRevokeRequest: EtcdRequest {
    typealias Answer = Etcdserverpb_LeaseRevokeResponse
    static var method: MethodDescriptor { Etcdserverpb_Lease.Method.LeaseRevoke.descriptor }
}

// A stream on the wire, of which each call takes one of its own: so an answer belongs to its question.
extension Etcdserverpb_LeaseKeepAliveRequest: EtcdRequest {
    typealias Answer = Etcdserverpb_LeaseKeepAliveResponse
    static var method: MethodDescriptor { Etcdserverpb_Lease.Method.LeaseKeepAlive.descriptor }
}

extension Etcdserverpb_LeaseTimeToLiveRequest: EtcdRequest {
    typealias Answer = Etcdserverpb_LeaseTimeToLiveResponse
    static var method: MethodDescriptor { Etcdserverpb_Lease.Method.LeaseTimeToLive.descriptor }
}

extension Etcdserverpb_AuthenticateRequest: EtcdRequest {
    typealias Answer = Etcdserverpb_AuthenticateResponse
    static var method: MethodDescriptor { Etcdserverpb_Auth.Method.Authenticate.descriptor }
}

extension Etcdserverpb_MemberListRequest: EtcdRequest {
    typealias Answer = Etcdserverpb_MemberListResponse
    static var method: MethodDescriptor { Etcdserverpb_Cluster.Method.MemberList.descriptor }
}

extension Etcdserverpb_StatusRequest: EtcdRequest {
    typealias Answer = Etcdserverpb_StatusResponse
    static var method: MethodDescriptor { Etcdserverpb_Maintenance.Method.Status.descriptor }
}

extension Etcdserverpb_AlarmRequest: EtcdRequest {
    typealias Answer = Etcdserverpb_AlarmResponse
    static var method: MethodDescriptor { Etcdserverpb_Maintenance.Method.Alarm.descriptor }
}
