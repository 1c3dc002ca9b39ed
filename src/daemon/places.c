#include "daemon/places.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

#define DATA_DIR_MODE 0750
#define RUN_DIR_MODE  0755

enum err_code places_api_user(const struct config *c, struct api_user *u, struct err *e)
{
	const struct passwd *pw;

	*u = (struct api_user){ geteuid(), getegid(), false };
	if (geteuid() != 0)
		return ERR_OK;
	pw = getpwnam(str_or(c->api_user, "pgtandem"));
	if (!pw && str_empty(c->api_user))
		pw = getpwnam("nobody");
	if (!pw)
		return err_set(e, ERR_NOT_FOUND, "there is no user \"%s\"",
		               str_or(c->api_user, "nobody"));
	if (pw->pw_uid == 0)
		return err_set(e, ERR_REFUSED, "api_user must not be root");
	*u = (struct api_user){ pw->pw_uid, pw->pw_gid, true };
	return ERR_OK;
}

enum err_code places_make(const struct config *c, struct err *e)
{
	struct api_user u;

	TRY(places_api_user(c, &u, e));
	TRY(fs_mkdirs(c->data_dir, u.switched ? 0750 : 0700, e));
	TRY(fs_mkdirs(c->run_dir, RUN_DIR_MODE, e));
	if (!u.switched)
		return ERR_OK;
	if (chown(c->data_dir, 0, u.gid) != 0 || chmod(c->data_dir, DATA_DIR_MODE) != 0)
		return err_errno(e, ERR_IO, "set owner and mode of \"%s\"", c->data_dir);
	return ERR_OK;
}

enum err_code places_lock(const struct config *c, int *out, struct err *e)
{
	CLEANUP(free_str) char *path = xasprintf("%s/pgtandemd.lock", c->data_dir);
	CLEANUP(close_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(e, ERR_IO, "open \"%s\"", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return err_set(e, ERR_BUSY, "another pgtandemd runs in \"%s\"", c->data_dir);
	*out = fd;
	fd = -1;
	return ERR_OK;
}

static enum err_code own_program(char **path, struct err *e)
{
	char buf[4096];
	ssize_t n = readlink("/proc/self/exe", buf, sizeof(buf) - 1);

	if (n <= 0)
		return err_errno(e, ERR_IO, "find our own program");
	buf[n] = '\0';
	*path = xstrdup(buf);
	return ERR_OK;
}

static bool runnable(const char *dir, const char *program, char **path)
{
	*path = xasprintf("%s/%s", dir, program);
	if (access(*path, X_OK) == 0)
		return true;
	free_str(path);
	*path = NULL;
	return false;
}

static enum err_code own_dir(char **dir, struct err *e)
{
	TRY(own_program(dir, e));
	*strrchr(*dir, '/') = '\0';
	return ERR_OK;
}

static enum err_code missing(const char *program, const char *dir, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, "\"%s\" is neither in \"%s\" nor in \"%s\"", program, dir,
	        PGTANDEM_LIBEXECDIR);
	return err_hint(e, "set libexec_dir");
}

enum err_code places_libexec(const struct config *c, const char *program, char **path,
                             struct err *e)
{
	CLEANUP(free_str) char *dir = NULL;

	if (!str_empty(c->libexec_dir)) {
		if (runnable(c->libexec_dir, program, path))
			return ERR_OK;
		return err_set(e, ERR_NOT_FOUND, "\"%s\" is not in \"%s\"", program,
		               c->libexec_dir);
	}
	TRY(own_dir(&dir, e));
	if (runnable(dir, program, path) || runnable(PGTANDEM_LIBEXECDIR, program, path))
		return ERR_OK;
	return missing(program, dir, e);
}

enum err_code places_sibling(const struct config *c, const char *program, char **path,
                             struct err *e)
{
	CLEANUP(free_str) char *dir = NULL;

	TRY(own_dir(&dir, e));
	if (runnable(dir, program, path) || runnable(PGTANDEM_LIBEXECDIR, program, path))
		return ERR_OK;
	if (!str_empty(c->libexec_dir) && runnable(c->libexec_dir, program, path))
		return ERR_OK;
	return missing(program, dir, e);
}
