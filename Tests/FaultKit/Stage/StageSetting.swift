import Lockstead

/// How runs are made.
package struct StageSetting: Sendable {
    /// The folder of a run; removed by whoever made it.
    package var folder: String
    /// The program that is a worker when its first argument is `work`.
    package var program: String
    package var workers = 3
    /// How many tasks of each worker contend.
    package var tasks = 2
    /// The engine kind's own unless given.
    package var lease: Duration?
    /// How long faults last that last for a while.
    package var patience = Duration.seconds(20)

    package init(folder: String, program: String) { (self.folder, self.program) = (folder, program) }
}
