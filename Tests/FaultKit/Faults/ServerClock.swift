import Lockstead

/// F-R2: the server's wall clock jumps, by which it ends leases.
struct ServerClock: FaultPlay {
    func bring(to stage: Stage) async throws {
        try await stage.open()
        let offset = stage.mode.name.contains("+60 s") ? Duration.seconds(60) : .seconds(-3600)
        stage.begin("clock", "server")
        try await stage.engine.setWallClock(off: offset)
        try await Aftermath.await(stage)
        let complaint = try await stage.engine.clockComplaint()
        stage.check(complaint != nil, "doctor says of the clock: \(complaint ?? "nothing")")
        stage.cease("clock")
        try await stage.close()
    }
}
