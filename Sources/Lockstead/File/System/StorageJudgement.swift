internal import CFileSystem

/// Whether a file system can carry locks: `flock` must be seen by all who open the file, and writes by all who read it (RULES 28).
package enum StorageJudgement: Sendable, Hashable {
    case suitable
    /// Not: what it is, for the message.
    case unsuitable(String)

    /// Judges a file system by its magic number (`statfs(2)`, `linux/magic.h`).
    ///
    /// What is not known to be unfit is taken for a local disk.
    package static func of(magic: UInt32) -> StorageJudgement {
        guard let name = unsuitable[magic] else { return .suitable }
        return .unsuitable(name)
    }

    /// Network file systems see locks late, partly or not at all; user-space ones answer what their program pleases (virtiofs counts as FUSE);
    /// the kernel's own views hold no files of ours.
    private static let unsuitable: [UInt32: String] = [
        0x6969: "NFS", 0x517B: "SMB", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB2", 0x0102_1997: "9p", 0x6573_5546: "FUSE",
        0x00C3_6400: "Ceph", 0x0BD0_0BD0: "Lustre", 0x5346_414F: "AFS", 0x6B41_4653: "AFS", 0x7375_7245: "Coda",
        0x564C: "NCP", 0x0116_1970: "GFS2", 0x7461_636F: "OCFS2", 0x4750_4653: "GPFS", 0x1983_0326: "BeeGFS",
        0xAAD7_AAEA: "Panasas", 0xBACB_ACBC: "VMware HGFS",
        0x786F_4256: "VirtualBox shared folders", 0x9FA0: "procfs", 0x6265_6572: "sysfs", 0x0027_E0EB: "cgroup",
        0x6367_7270: "cgroup2", 0x1CD1: "devpts", 0x6462_6720: "debugfs", 0x7363_6673: "securityfs",
        0x7472_6163: "tracefs",
    ]

    /// Judges the file system that holds a folder.
    package static func of(_ folder: Folder) throws(SystemError) -> StorageJudgement {
        let magic = lockstead_file_system_magic(folder.path)
        guard magic >= 0 else { throw .last("statfs", folder.path) }
        return of(magic: UInt32(truncatingIfNeeded: magic))
    }

    /// Whether the folder's file system is mounted read-only.
    package static func isReadOnly(_ folder: Folder) throws(SystemError) -> Bool {
        let answer = lockstead_file_system_is_read_only(folder.path)
        guard answer >= 0 else { throw .last("statvfs", folder.path) }
        return answer == 1
    }
}
