#if Etcd
    import Lockstead
    import LocksteadEtcd

    /// What `doctor` looks at for an etcd cluster, in the order to read it.
    enum EtcdRules {
        static func all(of engine: EtcdEngine) -> [any DoctorRule] {
            ExaminedRule.all(["members", "version", "leader", "space", "write time", "names"]) { context in
                await EtcdBackend.examine(engine, context: context)
            }
        }
    }
#endif
