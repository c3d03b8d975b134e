import Lockstead
import LocksteadEngines
import Testing

struct EnginesTests {
    @Test("A file URL opens the file engine, memory: the in-process one")
    func opening() throws {
        #expect(try Engines.open("file:///var/lib/locks").name == "file")
        #expect(try Engines.open("FILE:/var/lib/locks").name == "file")
        #expect(try Engines.open("redis://host:6379").name == "redis")
        #expect(try Engines.open("valkeys://host").name == "redis")
        #expect(try Engines.open("redis+cluster://a:7000,b").name == "redis")
        #expect(try Engines.open("valkeys+cluster://a,b,c?connections=1").name == "redis")
        #expect(try Engines.open("etcd://a,b:2380,[::1]").name == "etcd")
        #expect(try Engines.open("zk://a,b/chroot").name == "zookeeper")
        #expect(try Engines.open("memory:").name == LockEngine.inProcess.name)
    }

    @Test(
        "An engine this build lacks is named honestly, with what there is",
        arguments: [
            ("consul://h", "Consul"), ("lockstead://h", "Lockstead service"),
        ])
    func absentEngines(_ url: String, _ engine: String) {
        #expect { try Engines.open(url) } throws: { error in
            guard let error = error as? LockError else { return false }
            return error.code == .unknownEngine && error.message.contains("This build has no \(engine) engine")
                && error.message.contains("file:///folder")
        }
    }

    @Test("A scheme nobody knows is told what there is")
    func unknownScheme() {
        #expect { try Engines.open("floppy:///a") } throws: { error in
            guard let error = error as? LockError else { return false }
            return error.code == .unknownEngine && error.message.contains("\"floppy\"")
                && error.message.contains("memory:")
        }
    }

    @Test(
        "A URL with too much or too little for its engine is refused",
        arguments: [
            "file:", "file:locks", "file://locks", "file://host/locks", "file://localhost/locks", "file:///",
            "file:////",
            "file:///a?longest=5m", "file:///a?longestLease=5", "file:///a?longestLease=0s",
            "file:///a?longestLease=-5s",
            "memory:x", "memory://", "memory:/", "memory:?a=b",
        ])
    func refusals(_ url: String) {
        #expect { try Engines.open(url) } throws: { ($0 as? LockError)?.code == .invalidOption }
    }

    @Test("The default folder is the user's own, where XDG has it")
    func defaultFolder() throws {
        #expect(
            try UserFolder.url { ["XDG_STATE_HOME": "/x/s t", "HOME": "/home/a"][$0] }
                == "file:///x/s%20t/lockstead")
        #expect(
            try UserFolder.url { ["XDG_STATE_HOME": "relative", "HOME": "/home/ä"][$0] }
                == "file:///home/%C3%A4/.local/state/lockstead")
        #expect { try UserFolder.url { _ in nil } } throws: { ($0 as? LockError)?.code == .invalidOption }
    }

    @Test("The default folder's URL leads back to the folder")
    func roundTrip() throws {
        let url = try UserFolder.url { $0 == "HOME" ? "/home/a?b#c%d &=+ä" : nil }
        #expect(try EngineURL(url).path == "/home/a?b#c%d &=+ä/.local/state/lockstead")
        let engine = try Engines.fileEngine(of: url + "?longestLease=10m")
        #expect(engine?.folder == "/home/a?b#c%d &=+ä/.local/state/lockstead")
        #expect(engine?.longestLease == .seconds(600))
    }
}
