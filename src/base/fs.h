/* Files: whole reads with a limit, atomic writes (temporary file, fsync, rename, fsync directory).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"
#include "strbuf.h"

enum err_code fs_read(const char *path, size_t max, struct strbuf *out, struct err *e);
enum err_code fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
                              struct err *e);
enum err_code fs_mkdirs(const char *path, mode_t mode, struct err *e);
bool fs_exists(const char *path);
/* Write/read all LEN bytes of a descriptor, over EINTR; false on error or end. */
bool fd_write_all(int fd, const void *data, size_t len);
bool fd_read_all(int fd, void *data, size_t len);
