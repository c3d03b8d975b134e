import Lockstead
import RESP
import Testing

@testable import LocksteadRedis

@Suite("Errors of scripts")
struct ScriptErrorTests {
    @Test(
        "Only what a server finds before the first line of a script certainly did not happen",
        arguments: [
            ("NOPERM this user has no permissions to run the 'evalsha' command", LockError.Effect.didNotHappen),
            ("NOPERM no script: 201d, on @user_script:14.", .mayHaveHappened),
            ("ERR ACL failure in script: no script: 201d, on @user_script:14.", .mayHaveHappened),
            ("ERR The user executing the script can't run this command", .mayHaveHappened),
        ])
    func effect(text: String, effect: LockError.Effect) {
        let error = RedisError(RESPServerError(text: text), isScript: true)
        #expect(error.code == .permissionDenied)
        #expect(error.effect == effect)
    }
}
