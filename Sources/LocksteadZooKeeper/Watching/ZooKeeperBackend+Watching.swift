import Jute
package import Lockstead

extension ZooKeeperBackend {
    /// What happens from now on: whatever this client reads after it is read after the watch has begun.
    ///
    /// After a connection was lost all is read again: who is gone and who came is told, and each register as changed, since nobody knows which
    /// were. Where the session is lost, the stream ends with `engineUnavailable`. Wants servers of 3.6 or later.
    package func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: LockChange.self, bufferingPolicy: .bufferingOldest(ChangeFollower.mostUnread))
        let follower = ChangeFollower(backend: self, prefix: prefix, stream: continuation, begun: watches.begin())
        let farewell = life.atEnd { follower.end() }
        continuation.onTermination = { [life] _ in
            follower.stop()
            life.forgetFarewell(farewell)
        }
        life.add { await follower.run() }
        return stream
    }
}
