package import LockCore

/// What repair found out about one file of a lock folder, and what it did about it.
package struct RepairFinding: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// A sound state.
        case good
        /// A state that lives on one of its two slots: a crash, or a flipped bit. Mended by writing the other one anew.
        case oneSlotBad
        /// A state that nothing can be read from, for this reason. Mended by a new one, whose tokens start above all earlier ones, and
        /// which grants nothing while a process of before lives, for the longest lease at most.
        case unreadable(String)
        /// A state of a format that a newer Lockstead wrote. Never touched.
        case newerFormat(UInt32)
        /// A sign of life whose session is in no state, and which nobody keeps. Mended by removing it.
        case deadOrphan
        /// A sign of life whose session is in no state, and which a process keeps: it lost its state, and will notice.
        case livingOrphan
        /// The rest of a state whose making was cut short. Mended by removing it.
        case unborn
        /// Nothing of ours. Never touched.
        case foreign
        /// Another process is at work on it and did not let go; run repair again.
        case inUse
    }

    /// The file's name in the folder.
    package var file: String
    /// The lock's name, where it can be known.
    package var name: LockName?
    package var kind: Kind
    package var isMended = false

    /// Whether repair can do something about it.
    package var isMendable: Bool {
        switch kind {
        case .oneSlotBad, .unreadable, .deadOrphan, .unborn: true
        case .good, .newerFormat, .livingOrphan, .foreign, .inUse: false
        }
    }
}
