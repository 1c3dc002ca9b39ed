#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "random.h"

static enum err_code code_of_errno(void)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	default:
		return ERR_IO;
	}
}

enum err_code fs_read(const char *path, size_t max, struct strbuf *out, struct err *e)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t before = out->len;
	char chunk[16384];
	ssize_t n;

	if (fd < 0)
		return err_errno(e, code_of_errno(), "open \"%s\"", path);
	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		strbuf_add(out, chunk, (size_t)n);
		if (out->len - before > max || out->overflow)
			break;
	}
	explicit_bzero(chunk, sizeof(chunk));
	if (n == 0)
		return ERR_OK;
	out->len = before;
	out->data ? (void)(out->data[before] = '\0') : (void)0;
	if (n < 0)
		return err_errno(e, ERR_IO, "read \"%s\"", path);
	return err_set(e, ERR_LIMIT, "\"%s\" is larger than %zu bytes", path, max);
}

/* Length of the folder part of PATH, 0 when there is none. */
static size_t dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return 0;
	return slash == path ? 1 : (size_t)(slash - path);
}

static enum err_code sync_dir_of(const char *path, struct err *e)
{
	CLEANUP(free_str) char *dir = NULL;
	CLEANUP(close_fd) int fd = -1;
	size_t len = dir_len(path);

	dir = len ? xstrndup(path, len) : xstrdup(".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(e, ERR_IO, "sync folder \"%s\"", dir);
	return ERR_OK;
}

static enum err_code write_synced(const char *path, const void *data, size_t len, mode_t mode,
                                  struct err *e)
{
	CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(e, code_of_errno(), "create \"%s\"", path);
	/* open() is subject to the umask. */
	if (!fd_write_all(fd, data, len) || fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return err_errno(e, ERR_IO, "write \"%s\"", path);
	return ERR_OK;
}

enum err_code fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
                              struct err *e)
{
	CLEANUP(free_str) char *tmp = NULL;
	char unique[17];
	enum err_code code;

	random_hex(unique, 8);
	tmp = xasprintf("%s.%s.tmp", path, unique);
	code = write_synced(tmp, data, len, mode, e);
	if (code == ERR_OK && rename(tmp, path) < 0)
		code = err_errno(e, ERR_IO, "rename \"%s\" to \"%s\"", tmp, path);
	if (code != ERR_OK) {
		unlink(tmp);
		return code;
	}
	return sync_dir_of(path, e);
}

static enum err_code make_dir(const char *path, mode_t mode, struct err *e)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return ERR_OK;
	if (errno == EEXIST && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return ERR_OK;
		errno = ENOTDIR;
	}
	return err_errno(e, errno == EACCES ? ERR_DENIED : ERR_IO, "make folder \"%s\"", path);
}

enum err_code fs_mkdirs(const char *path, mode_t mode, struct err *e)
{
	CLEANUP(free_str) char *copy = xstrdup(path);
	char *p;

	if (!*path)
		return err_set(e, ERR_INVALID, "make folder: no name");
	for (p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		TRY(make_dir(copy, mode, e));
		*p = '/';
	}
	return make_dir(copy, mode, e);
}

bool fs_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool fd_read_all(int fd, void *data, size_t len)
{
	char *p = data;
	ssize_t n;

	while (len) {
		n = read(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}
