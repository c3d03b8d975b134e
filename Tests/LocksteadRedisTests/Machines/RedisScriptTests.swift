import RESP
import Testing

@testable import LocksteadRedis

@Suite("Scripts")
struct RedisScriptTests {
    @Test(
        "SHA-1 as in FIPS 180-4 and at the edges of its blocks",
        arguments: [
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
            (String(repeating: "a", count: 55), "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
            (String(repeating: "a", count: 64), "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
        ])
    func digest(text: String, digest: String) {
        #expect(RedisScript(text).digest == digest)
    }

    @Test("A call names its script, the number of keys, the keys and the arguments")
    func call() {
        var call = RedisScript("return 1").call(keys: ["k1", "k2"])
        call.append(7)
        #expect(
            String(decoding: call.command.body, as: UTF8.self).hasSuffix(
                "$1\r\n2\r\n$2\r\nk1\r\n$2\r\nk2\r\n$1\r\n7\r\n"))
        #expect(call.command.key == Array("k1".utf8))
    }
}
