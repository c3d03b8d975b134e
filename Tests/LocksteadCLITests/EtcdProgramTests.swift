import Foundation
import Testing
import TestServers

/// The program on real etcd clusters.
@Suite(
    "The program on etcd", .timeLimit(.minutes(5)),
    .enabled(if: EtcdServer.isRequired, "dev/setup installs etcd-server"))
struct EtcdProgramTests {
    private let lockstead: LocksteadProgram
    init() throws { lockstead = try LocksteadProgram() }

    @Test("Every command works there", arguments: [EtcdServer.Release.debian, .distro])
    func commands(release: EtcdServer.Release) async throws {
        let server = try await EtcdServer(.init(release))
        defer { server.kill() }
        try await ProgramTour(lockstead: lockstead, engine: "etcd://\(server.authority)").takeEveryCommand()
    }

    @Test("What is wrong is told by a message and an exit code of its own", arguments: EtcdTrouble.allCases)
    func troubles(trouble: EtcdTrouble) async throws {
        try await trouble.with { try await ProgramTour(lockstead: lockstead, engine: $0).meet(trouble) }
    }

    @Test(
        "Those that read and watch say it as well",
        arguments: [EtcdTrouble.wrongPassword, .forbidden, .unreachable, .tlsToPlainText, .noMajority])
    func reading(trouble: EtcdTrouble) async throws {
        try await trouble.with { try await ProgramTour(lockstead: lockstead, engine: $0).meetReading(trouble) }
    }

    @Test("With two of three members killed a wait ends with 69, within its deadline and 100 ms")
    func twoKilled() async throws {
        let cluster = try await EtcdCluster()
        defer { cluster.kill() }
        let engine = "etcd://\(cluster.authority)"
        #expect(try await lockstead.run("exec", "a", "--", "true", engine: engine).code == 0)
        for member in cluster.members.dropFirst() { member.kill() }
        let clock = ContinuousClock()
        let began = clock.now
        let result = try await lockstead.run("exec", "a", "--wait", "3s", "--", "true", engine: engine)
        let spent = began.duration(to: clock.now)
        #expect(result.code == 69, "\(result)")
        // A program takes up to 200 ms to start and to end on a loaded machine.
        #expect(spent <= .seconds(3) + .milliseconds(100) + .milliseconds(200), "\(spent)")
    }

    @Test("Tokens that run out go unseen: what is held is kept, and a watch goes on")
    func expiredTokens() async throws {
        let server = try await EtcdServer(.init(options: ["--auth-token-ttl", "1"]))
        defer { server.kill() }
        for words in [
            ["user", "add", "root:rootpw"], ["user", "grant-role", "root", "root"], ["auth", "enable"],
        ] { try server.control(words) }
        let engine = "etcd://root:rootpw@\(server.authority)"
        let watch = try lockstead.start(["watch", "--json"], engine: engine)
        let holder = try lockstead.start(
            ["exec", "a", "--lease", "3s", "--", "sh", "-c", "echo held; cat"], engine: engine)
        try await holder.outputs("held")
        // Longer than a token and than a lease last: nobody tells when a token runs out.
        try await Task.sleep(for: .seconds(5))
        #expect(try await lockstead.run("exec", "b", "--", "true", engine: engine).code == 0)
        try await watch.outputs("\"b\"")
        holder.closeInput()
        #expect(try await holder.result().code == 0)
        watch.signal(SIGTERM)
        #expect(try await watch.result().code == -SIGTERM)
    }

    @Test("A watch whose place in history was compacted says so, and ends with 69")
    func compacted() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        let engine = "etcd://\(server.authority)"
        let watch = try await ProgramTour(lockstead: lockstead, engine: engine).begunWatch()
        watch.signal(SIGSTOP)
        server.kill()
        try await server.restart()
        for _ in 0..<3 {
            #expect(try await lockstead.run("exec", "jobs/b", "--", "true", engine: engine).code == 0)
        }
        try server.compact()
        watch.signal(SIGCONT)
        let result = try await watch.result()
        #expect(result.code == 69 && result.error.contains("no longer kept"), "\(result)")
    }
}
