import Lockstead
import Logging
import NIOCore
import RESP
import Synchronization

extension RedisNode {
    /// Keeps one of the connections for commands.
    func keepConnected(_ slot: Int) async {
        var pauses = ReconnectPauses(configuration.reconnect, time: context.time)
        while !Task.isCancelled {
            state.withLock { $0.connecting(slot) }
            do throws(RedisError) {
                let connection = try await connect(slot)
                let began = context.time.now
                for call in state.withLock({ $0.connected(slot, connection) }) { resubmit(call, to: connection) }
                await connection.waitUntilClosed { self.grace }
                state.withLock { $0.connecting(slot) }
                if !Task.isCancelled { onLoss() }
                pauses.lasted(context.time.now - began)
            } catch {
                failed(slot, error)
            }
            await pauses.next()
        }
    }

    private func connect(_ slot: Int) async throws(RedisError) -> RedisConnection {
        let queue = CallQueue(limit: configuration.limits.pendingCommands)
        let (time, written) = (context.time, written)
        let open = try await connector(for: slot).connect {
            CommandSession(queue: queue, time: time, counting: written)
        }
        return RedisConnection(open, queue: queue)
    }

    private func resubmit(_ call: RedisCall, to connection: RedisConnection) {
        switch connection.submit(CollectionOfOne(call)) {
        case .admitted: return
        case .full: call.fail { _ in .tooManyCommands(self.configuration.limits.pendingCommands) }
        case .closed:
            call.fail { RedisError(.connectionLost, "The connection ended before the command was sent.", effect: $0) }
        }
    }

    private func failed(_ slot: Int, _ error: RedisError) {
        context.logger.debug("Redis connection failed", metadata: ["endpoint": "\(endpoint)", "error": "\(error)"])
        for call in state.withLock({ $0.failed(slot, error) }) { call.fail { error.with(effect: $0) } }
    }

    /// Keeps the connection that listens, from the first listener on.
    func keepListening() async {
        var demand = hub.demand.makeAsyncIterator()
        guard await demand.next() != nil else { return }
        var pauses = ReconnectPauses(configuration.reconnect, time: context.time)
        while !Task.isCancelled {
            do throws(RedisError) {
                let hub = hub
                let open = try await connector.connect { SubscriptionSession(hub: hub) }
                let began = context.time.now
                await waitUntilClosed(open.channel)
                pauses.lasted(context.time.now - began)
            } catch {
                context.logger.debug(
                    "Redis subscription connection failed", metadata: ["endpoint": "\(endpoint)", "error": "\(error)"])
            }
            await pauses.next()
        }
    }

    private func waitUntilClosed(_ channel: any Channel) async {
        await withTaskCancellationHandler {
            // How it ended, the hub knows.
            _ = try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}
