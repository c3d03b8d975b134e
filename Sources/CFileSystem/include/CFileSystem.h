#ifndef LOCKSTEAD_CFILESYSTEM_H
#define LOCKSTEAD_CFILESYSTEM_H

#include <stdint.h>

/// The kernel's magic number of the file system that holds `path`, or -1 with errno set. Zero where the system has no such numbers.
/// Swift's Glibc module leaves `statfs` out; this one call is all we need of it.
int64_t lockstead_file_system_magic(const char *path);

/// Whether the file system that holds `path` is mounted read-only: 1 or 0, or -1 with errno set.
int lockstead_file_system_is_read_only(const char *path);

#endif
