import Lockstead
import RESP
import Testing

@testable import LocksteadRedis

struct ClusterPulseTests {
    private static func reading(_ state: String, epoch: Int, own: Int = 1, sent: Int = 0) throws -> ClusterPulse.Reading
    {
        let text =
            "cluster_state:\(state)\r\ncluster_slots_pfail:0\r\ncluster_current_epoch:\(epoch)\r\ncluster_my_epoch:\(own)\r\n"
            + "cluster_stats_messages_sent:\(sent)\r\n"
        return try #require(ClusterPulse.Reading(.blobString(Array(text.utf8))))
    }

    @Test("The map is read at first, after each change and for a while then, and not for what nodes differ in")
    func wanted() throws {
        var pulse = ClusterPulse()
        let start = ContinuousTime(nanoseconds: 0)
        let later = start.advanced(by: ClusterPulse.restlessness)
        let muchLater = later.advanced(by: ClusterPulse.restlessness)
        #expect(pulse.isMapWanted(after: try Self.reading("ok", epoch: 3), at: start))
        #expect(!pulse.isMapWanted(after: try Self.reading("ok", epoch: 3), at: later))
        #expect(!pulse.isMapWanted(after: try Self.reading("ok", epoch: 3, own: 2, sent: 9), at: later))
        #expect(pulse.isMapWanted(after: try Self.reading("ok", epoch: 4), at: later))
        #expect(pulse.isMapWanted(after: try Self.reading("ok", epoch: 4), at: later.advanced(by: .seconds(1))))
        #expect(!pulse.isMapWanted(after: try Self.reading("ok", epoch: 4), at: muchLater))
        #expect(pulse.isMapWanted(after: try Self.reading("fail", epoch: 4), at: muchLater))
    }

    @Test("It says whether the node serves, and what is no such answer is none")
    func reading() throws {
        #expect(try Self.reading("ok", epoch: 3).isServing)
        #expect(!(try Self.reading("fail", epoch: 3).isServing))
        #expect(try Self.reading("fail", epoch: 3).epoch == 3)
        #expect(ClusterPulse.Reading(.blobString(Array("cluster_state:ok".utf8))) == nil)
        #expect(ClusterPulse.Reading(.number(1)) == nil)
    }
}
