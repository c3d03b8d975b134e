import Lockstead

/// The connections to one node of a cluster, which end by themselves when it serves no slot any more.
final class ClusterMember: Sendable {
    let node: RedisNode
    private let retirement: AsyncStream<Void>
    private let retired: AsyncStream<Void>.Continuation

    init(_ node: RedisNode) {
        self.node = node
        (retirement, retired) = AsyncStream.makeStream()
    }

    var endpoint: RedisEndpoint { node.endpoint }

    /// Ends the connections; what the node does not answer at once has failed.
    func retire() {
        node.hurry()
        retired.finish()
    }

    /// Keeps the connections until then, or until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.node.run() }
            for await _ in retirement {}
            group.cancelAll()
        }
    }
}
