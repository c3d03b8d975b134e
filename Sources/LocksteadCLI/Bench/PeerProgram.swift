#if Proof
    import Dispatch
    import Lockstead
    import LocksteadBench

    #if canImport(FoundationEssentials)
        import FoundationEssentials
    #else
        import Foundation
    #endif
    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Darwin)
        import Darwin
    #endif

    /// Another program that runs a workload with locks of its own, and prints what came of it as a ``BenchResult`` in JSON.
    struct PeerProgram: Sendable {
        /// A shell's command, to which the workload is appended as options.
        let command: String

        /// Runs the program to its end.
        ///
        /// - Throws: `FailedCommand` where it fails or prints something else; `SystemError` where it cannot be started.
        func run(_ workload: Workload, warmUp: Duration, window: Duration?) async throws -> BenchResult {
            let arguments = Self.arguments(workload, warmUp: warmUp, window: window ?? workload.window)
            let (output, end) = try await outcome(of: arguments)
            guard end.code == 0 else { throw failure("ended with \(end.code)") }
            do { return try JSONDecoder().decode(BenchResult.self, from: Data(output)) } catch {
                throw failure("printed no result of a bench (\(error))")
            }
        }

        /// Whether a workload can be told to another program.
        static func takes(_ workload: Workload) -> Bool {
            word(of: workload.shape) != nil && workload.spinning == .zero && workload.payload == 0
        }

        private static func word(of shape: Workload.Shape) -> String? {
            switch shape {
            case .apart: "apart"
            case .shared: "shared"
            case .contended: "contended"
            case .race, .wait: nil
            }
        }

        private static func arguments(_ workload: Workload, warmUp: Duration, window: Duration) -> [String] {
            [
                "--workload", workload.name, "--shape", word(of: workload.shape) ?? "", "--clients",
                "\(workload.clients)",
                "--hold-ms", "\(workload.hold / .milliseconds(1))", "--think-ms",
                "\(workload.think / .milliseconds(1))",
                "--window", "\(window / .seconds(1))", "--warm-up", "\(warmUp / .seconds(1))",
            ]
        }

        private func failure(_ what: String) -> FailedCommand {
            FailedCommand(Failure("The peer \"\(command)\" \(what).", ExitStatus.internalFailure))
        }

        private func outcome(of arguments: [String]) async throws -> (output: [UInt8], end: ProcessEnd) {
            let pipe = try Pipe()
            let spawn = Spawn(
                path: "/bin/sh", arguments: ["sh", "-c", command + " \"$@\"", "sh"] + arguments,
                environment: ChildEnvironment.inheriting(setting: []), group: getpgrp(),
                output: .descriptor(pipe.writeEnd))
            let started = Result { try spawn.start() }
            close(pipe.writeEnd)
            defer { close(pipe.readEnd) }
            let process = try started.get()
            // Reading and waiting block a thread, which must be none of those that tasks run on.
            return await withCheckedContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(returning: Self.follow(process, pipe.readEnd)) }
            }
        }

        /// Reads to the end, and collects the process.
        private static func follow(_ process: pid_t, _ output: CInt) -> ([UInt8], ProcessEnd) {
            var (bytes, buffer, status) = ([UInt8](), [UInt8](repeating: 0, count: 65_536), CInt(0))
            while true {
                let count = read(output, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                bytes += buffer.prefix(count)
            }
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
            guard case .ended(let end) = ProcessChange(waitStatus: status) else { return (bytes, .exited(-1)) }
            return (bytes, end)
        }
    }
#endif
