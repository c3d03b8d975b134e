#if ZooKeeper
    import Lockstead
    import LocksteadZooKeeper

    /// `zookeeper://host:port,host:port/chroot` — locks on a ZooKeeper ensemble.
    struct ZooKeeperRegistration: EngineRegistration {
        let schemes = ["zookeeper", "zookeepers", "zk", "zks"]
        let form = "zookeeper://host:2181"

        func open(_ url: EngineURL) throws(LockError) -> LockEngine { .zooKeeper(try ZooKeeperURL.settings(from: url)) }

        /// What is looked at for an ensemble, in the order to read it.
        func doctorRules(for url: EngineURL) throws(LockError) -> [any DoctorRule] {
            let engine = try ZooKeeperURL.settings(from: url)
            return ExaminedRule.all(["servers", "version", "quorum", "sessions", "write time", "names"]) { context in
                await ZooKeeperBackend.examine(engine, context: context)
            }
        }
    }
#endif
