#include "CFileSystem.h"

#include <sys/statvfs.h>

#ifdef __linux__
#include <sys/vfs.h>

int64_t lockstead_file_system_magic(const char *path) {
    struct statfs information;
    if (statfs(path, &information) != 0) return -1;
    // The field is signed on some architectures; magic numbers are 32 unsigned bits.
    return (int64_t)((uint64_t)information.f_type & 0xffffffffu);
}
#else
int64_t lockstead_file_system_magic(const char *path) {
    (void)path;
    return 0;
}
#endif

int lockstead_file_system_is_read_only(const char *path) {
    struct statvfs information;
    if (statvfs(path, &information) != 0) return -1;
    return (information.f_flag & ST_RDONLY) != 0;
}
