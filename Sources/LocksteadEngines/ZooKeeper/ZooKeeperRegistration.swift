#if ZooKeeper
    import Lockstead
    import LocksteadZooKeeper

    /// `zookeeper://host:port,host:port/chroot` — locks on a ZooKeeper ensemble.
    struct ZooKeeperRegistration: EngineRegistration {
        let schemes = ["zookeeper", "zookeepers"]
        let form = "zookeeper://host:2181"

        func open(_ url: EngineURL) throws(LockError) -> LockEngine { .zooKeeper(try ZooKeeperURL.settings(from: url)) }

        func doctorRules(for url: EngineURL) throws(LockError) -> [any DoctorRule] { [] }
    }
#endif
