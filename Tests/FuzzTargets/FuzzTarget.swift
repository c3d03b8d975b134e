import Foundation
import LockCore

/// What is fed with hostile bytes: each takes any input, and traps only where a promise is broken.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Sequences of commands to a `LockTable`.
    case commands
    /// Snapshots of a `LockTable`.
    case snapshots
    /// State files of the file engine, whole and as a slot's body.
    case states
    /// Names of locks.
    case names
    /// Engine URLs, durations, and percent-encoding.
    case urls
    /// What a Redis server may send.
    case resp
    /// What a ZooKeeper server may send.
    case jute

    /// Feeds one input.
    package func feed(_ bytes: [UInt8]) {
        switch self {
        case .commands: CommandsTarget.feed(bytes)
        case .snapshots: SnapshotsTarget.feed(bytes)
        case .states: StatesTarget.feed(bytes)
        case .names: NamesTarget.feed(bytes)
        case .urls: URLsTarget.feed(bytes)
        case .resp: RESPTarget.feed(bytes)
        case .jute: JuteTarget.feed(bytes)
        }
    }

    /// Inputs to begin with, made by the code of today: good ones, so that damage to them goes deep.
    package var seeds: [[UInt8]] {
        switch self {
        case .commands: CommandsTarget.seeds
        case .snapshots: CommandsTarget.seeds.map { CommandsTarget.table(after: $0).encoded() }
        case .states: StatesTarget.seeds
        case .names: NamesTarget.seeds
        case .urls: URLsTarget.seeds
        case .resp: RESPTarget.seeds
        case .jute: JuteTarget.seeds
        }
    }
}

/// A promise that an input broke.
///
/// Said before the trap: a release build's trap says nothing.
func broken(_ promise: String) -> Never {
    FileHandle.standardError.write(Data("BROKEN: \(promise)\n".utf8))
    preconditionFailure(promise)
}
