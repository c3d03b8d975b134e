import Glibc
import Lockstead
import LocksteadTesting

extension ScratchFolder {
    func write(_ file: String, _ bytes: [UInt8]) throws {
        try OpenFile.open(path(of: file), O_RDWR | O_CREAT).write(bytes, at: 0)
    }
}
