import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What `doctor` looks at for the file engine, in the order to read it.
enum FileRules {
    static func all(folder: String) -> [any DoctorRule] {
        let folder = Folder(folder)
        var rules: [any DoctorRule] = [
            StorageRule(folder: folder), AccessRule(folder: folder), SpaceRule(folder: folder),
            StateRule(folder: folder),
        ]
        #if os(Linux)
            rules.append(WatchLimitRule())
        #endif
        return rules
    }

    /// The folder, or the nearest one above it that is there: the engine makes its folder when it is first used.
    static func existing(_ folder: Folder) -> Folder {
        var folder = folder
        while folder.path != "/", access(folder.path, F_OK) != 0 { folder = Folder(parent(of: folder.path)) }
        return folder
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}

/// Whether the file system carries kernel locks that all processes see.
struct StorageRule: DoctorRule {
    let subject = "storage"
    let folder: Folder

    func examine() async -> Finding {
        let place = FileRules.existing(folder)
        do throws(SystemError) {
            if case .unsuitable(let kind) = try StorageJudgement.of(place) {
                return .failure(
                    "\(folder.path) lies on \(kind), whose locks are not seen by all",
                    advice: "name a folder on a local disk, or use an engine with a server")
            }
            if try StorageJudgement.isReadOnly(place) {
                return .failure(
                    "\(folder.path) is mounted read-only", advice: "mount it writable, or name another folder")
            }
            return .good("\(folder.path) lies on a local file system")
        } catch {
            return .unknown("the file system of \(place.path) could not be looked at: \(error)")
        }
    }
}

/// Whether this user may work in the folder, and who else may.
struct AccessRule: DoctorRule {
    let subject = "access"
    let folder: Folder

    func examine() async -> Finding {
        let place = FileRules.existing(folder)
        var status = stat()
        guard stat(place.path, &status) == 0 else { return .unknown("\(place.path) could not be looked at") }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return .failure("\(place.path) is no folder", advice: "remove it, or name another folder")
        }
        guard place.isWritable else {
            return .failure(
                "this user may not write in \(place.path)", advice: "change its owner or mode, or name another folder")
        }
        guard place == folder else { return .good("\(folder.path) is not there yet and can be made") }
        return judge(status)
    }

    private func judge(_ status: stat) -> Finding {
        if status.st_mode & S_IWOTH != 0 {
            return .warning(
                "everyone on this host may write in \(folder.path)",
                advice:
                    "whoever may write there can take, free and damage every lock: chmod o-w, or be sure that this is meant"
            )
        }
        if status.st_uid != geteuid(), status.st_uid != 0 {
            return .warning(
                "\(folder.path) belongs to user \(status.st_uid)",
                advice: "that user can take, free and damage every lock here")
        }
        let sharing = status.st_mode & S_IWGRP != 0 ? "shared with group \(status.st_gid)" : "for its owner alone"
        return .good("\(folder.path) is writable, \(sharing)")
    }
}

/// Whether there is room for state to be written: a full disk refuses every change.
struct SpaceRule: DoctorRule {
    let subject = "space"
    let folder: Folder

    /// A state file is a few kilobytes; below this, other writers will fill the rest at any moment.
    private static let least: UInt64 = 1 << 20
    private static let comfortable: UInt64 = 64 << 20
    /// Each lock needs two files.
    private static let leastFiles: UInt64 = 100

    func examine() async -> Finding {
        var status = statvfs()
        guard statvfs(FileRules.existing(folder).path, &status) == 0 else {
            return .unknown("the free space could not be looked at")
        }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        // Some file systems have no fixed number of files and say 0 of 0.
        let isOutOfFiles = status.f_files > 0 && UInt64(status.f_favail) < Self.leastFiles
        let fact = "\(free >> 20) MiB are free"
        if free < Self.least || isOutOfFiles {
            return .failure(
                isOutOfFiles ? "\(status.f_favail) more files fit on the file system" : fact,
                advice: "make room: on a full disk no lock is granted, renewed or released")
        }
        return free < Self.comfortable ? .warning(fact, advice: "make room before the disk is full") : .good(fact)
    }
}

#if os(Linux)
    /// Whether waiters can be told by the kernel that a lock became free.
    struct WatchLimitRule: DoctorRule {
        let subject = "inotify"

        func examine() async -> Finding {
            guard let instances = Self.limit("max_user_instances"), let watches = Self.limit("max_user_watches") else {
                return .unknown("the limits under /proc/sys/fs/inotify could not be read")
            }
            let fact = "\(instances) instances and \(watches) watches are allowed to each user"
            guard instances >= 16, watches >= 1_024 else {
                return .warning(
                    fact,
                    advice: "raise fs.inotify.max_user_instances and max_user_watches: each waiting process needs one")
            }
            let probe = inotify_init1(CInt(IN_CLOEXEC))
            guard probe >= 0 else {
                return .failure(
                    "no further inotify instance can be opened; \(fact)",
                    advice: "raise fs.inotify.max_user_instances, or find who uses them up")
            }
            close(probe)
            return .good(fact)
        }

        private static func limit(_ name: String) -> Int? {
            let descriptor = open("/proc/sys/fs/inotify/" + name, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return nil }
            return Int(String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        }
    }
#endif
