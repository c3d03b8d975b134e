#if Etcd
    import Lockstead
    import LocksteadEtcd

    /// `etcd://host:port,host:port` — locks on an etcd cluster.
    struct EtcdRegistration: EngineRegistration {
        let schemes = ["etcd", "etcds"]
        let form = "etcd://host:2379"

        func open(_ url: EngineURL) throws(LockError) -> LockEngine { .etcd(try EtcdURL.settings(from: url)) }

        func doctorRules(for url: EngineURL) throws(LockError) -> [any DoctorRule] {
            EtcdRules.all(of: try EtcdURL.settings(from: url))
        }
    }
#endif
