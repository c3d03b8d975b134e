/// What the workers of a run contend for, and how.
struct Crowd: Sendable {
    var names = ["crowd-0", "crowd-1", "crowd-2"]
    /// How many tasks of each worker contend; the setting's own unless given.
    var tasks: Int?
    /// For how long each stays inside, in milliseconds.
    var hold = 10
    /// Each so many a time a worker writes to the resources, too.
    var writesEvery = 1
    /// How many tasks of each worker ask the engine itself, as fast as it answers.
    var rushing = 0
}
