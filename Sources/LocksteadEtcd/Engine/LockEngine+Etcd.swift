public import Lockstead

extension LockEngine {
    /// Locks on an etcd cluster, which queue as those of etcd's own concurrency package and of `etcdctl lock` do.
    ///
    /// Exclusion is linearizable on the cluster's side, and at the client until its lease's validity ends. Members older than 3.4.38,
    /// 3.5.23 or 3.6.5 may drop live leases: on them grants are advisory, and say so.
    ///
    /// - Parameter engine: The settings.
    /// - Returns: The engine.
    public static func etcd(_ engine: EtcdEngine) -> LockEngine {
        LockEngine(name: "etcd") { context in try EtcdBackend(engine, context: context) }
    }
}
