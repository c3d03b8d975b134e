#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What this process and its machine were doing.
enum Machine {
    /// Processor time of this process so far, in seconds.
    static var processorSeconds: Double {
        var usage = rusage()
        getrusage(who, &usage)
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// The load average of the last minute: runnable threads, ours included.
    static var load: Double {
        var averages = [0.0]
        return getloadavg(&averages, 1) == 1 ? averages[0] : .nan
    }

    static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    #if canImport(Glibc)
        private static var who: __rusage_who { RUSAGE_SELF }
    #else
        private static var who: Int32 { RUSAGE_SELF }
    #endif

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}
