import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A process to start: a thin cover over `posix_spawn`, for what no library of ours can ask for — a given process group, and single
/// inherited descriptors (docs/decisions).
struct Spawn {
    /// The program's file.
    var path: String
    /// All arguments, the program's name as the first.
    var arguments: [String]
    /// `NAME=value`, as bytes: what the environment holds need not be UTF-8.
    var environment: [[UInt8]]
    /// The group to join; 0 for a group of its own.
    var group: pid_t
    /// Descriptors that it inherits under the same number, beside 0 to 2.
    var inherited: [CInt] = []
    /// What its standard streams are; ours, where `nil`, and the null device where we have none.
    var input = Stream.ours(STDIN_FILENO)
    var output = Stream.ours(STDOUT_FILENO)
    var errors = Stream.ours(STDERR_FILENO)
    /// Signals that are ignored here and not in the new process.
    var defaultSignals: [CInt] = []

    /// What a standard stream of the new process is.
    enum Stream {
        /// The null device.
        case null
        /// A descriptor of ours.
        case descriptor(CInt)

        /// The null device where our parent gave us no such stream; else `nil`, which hands on what it gave.
        static func ours(_ number: CInt) -> Stream? {
            StandardDescriptors.closedByParent.contains(number) ? .null : nil
        }

        fileprivate func add(to actions: inout FileActions, as number: CInt) {
            switch self {
            case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            }
        }
    }

    /// Starts it.
    ///
    /// - Returns: Its process id.
    /// - Throws: `SystemError` with the error that `posix_spawn` or the new process met before it became the program.
    func start() throws(SystemError) -> pid_t {
        var process = pid_t()
        let failure = withActions { actions in
            withAttributes { attributes in
                withCStrings(arguments.map { Array($0.utf8) }) { argv in
                    withCStrings(environment) { envp in posix_spawn(&process, path, actions, attributes, argv, envp) }
                }
            }
        }
        guard failure == 0 else { throw SystemError(failure, "start", path) }
        return process
    }

    private func withActions(_ body: (UnsafePointer<FileActions>) -> CInt) -> CInt {
        var actions = FileActions.fresh
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        input?.add(to: &actions, as: STDIN_FILENO)
        output?.add(to: &actions, as: STDOUT_FILENO)
        errors?.add(to: &actions, as: STDERR_FILENO)
        // From a descriptor to itself: drops its close-on-exec flag in the new process, and only there.
        for descriptor in inherited { posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor) }
        return body(&actions)
    }

    private func withAttributes(_ body: (UnsafePointer<Attributes>) -> CInt) -> CInt {
        var attributes = Attributes.fresh
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Our threads block signals; the program must not inherit that.
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in defaultSignals { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setpgroup(&attributes, group)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        return body(&attributes)
    }

    /// A null-terminated vector of null-terminated strings, alive during `body`.
    private func withCStrings(_ strings: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) -> CInt) -> CInt {
        let copies = strings.map { bytes in
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
            for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
            copy[bytes.count] = 0
            return copy
        }
        defer { for copy in copies { copy.deallocate() } }
        return body(copies + [nil])
    }
}

#if canImport(Darwin)
    private typealias FileActions = posix_spawn_file_actions_t?
    private typealias Attributes = posix_spawnattr_t?
    extension Optional { fileprivate static var fresh: Self { nil } }
#else
    private typealias FileActions = posix_spawn_file_actions_t
    private typealias Attributes = posix_spawnattr_t
    extension posix_spawn_file_actions_t { fileprivate static var fresh: Self { Self() } }
    extension posix_spawnattr_t { fileprivate static var fresh: Self { Self() } }
#endif
