#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import Dispatch
internal import LockCore
internal import Synchronization

/// What can happen to a file, of which a watcher names what it cares for.
struct FileEvents: OptionSet, Sendable {
    let rawValue: UInt32

    #if os(Linux) || os(Android)
        /// Its times were touched, or its path was taken away.
        static let touched = FileEvents(rawValue: UInt32(IN_ATTRIB) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF))
        /// The last process that had it open for writing closed it, or died.
        static let closed = FileEvents(rawValue: UInt32(IN_CLOSE_WRITE))
        /// In a folder: a file was made, written, closed or taken away.
        static let contents = FileEvents(
            rawValue: UInt32(IN_CREATE) | UInt32(IN_MODIFY) | UInt32(IN_CLOSE_WRITE) | UInt32(IN_DELETE)
                | UInt32(IN_MOVED_FROM) | UInt32(IN_MOVED_TO))
    #else
        static let touched = FileEvents(rawValue: 1)
        static let closed = FileEvents(rawValue: 2)
        static let contents = FileEvents(rawValue: 4)
    #endif
}

/// Tells of events on files, by one inotify descriptor read by a dispatch source: no thread waits, and nothing polls.
///
/// Where there is no inotify, or the system's limit of watches is reached, watching does nothing, and whoever waits is woken by its
/// fallback timer (RULES 20): within a second.
final class FileNotifier: Sendable {
    typealias Handler = @Sendable (String) -> Void

    /// Stops watching when it goes.
    final class Watch: Sendable {
        private let notifier: FileNotifier
        private let watch: CInt
        private let id: UInt64

        fileprivate init(_ notifier: FileNotifier, _ watch: CInt, _ id: UInt64) {
            (self.notifier, self.watch, self.id) = (notifier, watch, id)
        }

        deinit { notifier.forget(watch, id) }
    }

    private struct Listener {
        var id: UInt64
        var events: FileEvents
        var handler: Handler
    }

    private struct State {
        var descriptor: CInt?
        var source: (any DispatchSourceRead)?
        var listeners: [CInt: [Listener]] = [:]
        var nextID: UInt64 = 0
    }

    private let isEnabled: Bool
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "lockstead.file.events")

    /// - Parameter isEnabled: False for a notifier that never tells, as on a system whose watches are used up.
    init(isEnabled: Bool = true) { self.isEnabled = isEnabled }

    deinit { stop() }

    /// Ends all watching.
    func stop() {
        let source = state.withLock { state in
            state.listeners = [:]
            state.descriptor = nil
            return state.source.take()
        }
        // The source's cancel handler closes the descriptor, after its last event.
        source?.cancel()
    }
}

#if os(Linux) || os(Android)
    extension FileNotifier {
        /// Calls `handler`, on a queue of its own, with each event's file name (in a watched folder) until the result is dropped.
        ///
        /// - Returns: `nil` where the system cannot watch.
        func watch(_ path: String, for events: FileEvents, _ handler: @escaping Handler) -> Watch? {
            state.withLock { state in
                guard isEnabled, let descriptor = open(&state) else { return nil }
                let mask = events.rawValue | UInt32(IN_MASK_ADD) | UInt32(IN_DONT_FOLLOW)
                let watch = inotify_add_watch(descriptor, path, mask)
                guard watch >= 0 else { return nil }
                state.nextID += 1
                state.listeners[watch, default: []].append(
                    Listener(id: state.nextID, events: events, handler: handler))
                return Watch(self, watch, state.nextID)
            }
        }

        private func open(_ state: inout State) -> CInt? {
            if let descriptor = state.descriptor { return descriptor }
            let descriptor = inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK))
            guard descriptor >= 0 else { return nil }
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            source.setEventHandler { [weak self] in self?.drain(descriptor) }
            source.setCancelHandler { _ = close(descriptor) }
            source.resume()
            (state.descriptor, state.source) = (descriptor, source)
            return descriptor
        }

        fileprivate func forget(_ watch: CInt, _ id: UInt64) {
            state.withLock { state in
                guard var listeners = state.listeners[watch] else { return }
                listeners.removeAll { $0.id == id }
                state.listeners[watch] = listeners.isEmpty ? nil : listeners
                guard listeners.isEmpty, let descriptor = state.descriptor else { return }
                // Fails where the file is gone already, and its watch with it.
                _ = inotify_rm_watch(descriptor, watch)
            }
        }

        private func drain(_ descriptor: CInt) {
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while true {
                let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
                guard count > 0 else { return }
                deliver(Array(buffer[..<count]))
            }
        }

        /// Events as inotify(7) lays them out: watch, mask, cookie, length of the name, name padded with zeros.
        private func deliver(_ bytes: [UInt8]) {
            var rest = bytes[...]
            while rest.count >= 16 {
                var head = RecordReader(Array(rest.prefix(16)))
                guard let watch = try? head.read(CInt.self), let mask = try? head.read(UInt32.self),
                    (try? head.read(UInt32.self)) != nil, let length = try? head.read(UInt32.self)
                else { return }  // Cannot be: sixteen bytes are there.
                let name = rest.dropFirst(16).prefix(Int(length)).prefix { $0 != 0 }
                rest = rest.dropFirst(16 + Int(length))
                for handler in handlers(watch, mask) { handler(String(decoding: name, as: UTF8.self)) }
            }
        }

        private func handlers(_ watch: CInt, _ mask: UInt32) -> [Handler] {
            state.withLock { state in
                // Events were lost: everybody looks.
                if mask & UInt32(IN_Q_OVERFLOW) != 0 { return state.listeners.values.flatMap { $0 }.map(\.handler) }
                let listeners = state.listeners[watch] ?? []
                // The number may be given to another file now.
                if mask & UInt32(IN_IGNORED) != 0 { state.listeners[watch] = nil }
                return listeners.filter { $0.events.rawValue & mask != 0 }.map(\.handler)
            }
        }
    }
#else
    extension FileNotifier {
        /// Watches nothing: without inotify the fallback timers alone wake (untested there).
        func watch(_ path: String, for events: FileEvents, _ handler: @escaping Handler) -> Watch? { nil }

        fileprivate func forget(_ watch: CInt, _ id: UInt64) {}
    }
#endif
