#if canImport(Darwin)
    import Darwin
#endif

/// The file this process runs, for starting it once more.
enum OwnProgram {
    #if canImport(Darwin)
        static var path: String {
            var size = UInt32(PATH_MAX)
            var buffer = [CChar](repeating: 0, count: Int(size))
            guard _NSGetExecutablePath(&buffer, &size) == 0 else { return CommandLine.arguments[0] }
            return String(cString: buffer)
        }
    #else
        /// The kernel's own link: right even when the file was renamed or replaced by an update meanwhile.
        static let path = "/proc/self/exe"
    #endif
}
