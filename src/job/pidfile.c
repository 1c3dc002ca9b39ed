#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "job/internal.h"

#define SUFFIX         ".pid"
#define SWEEP_LIMIT_MS 5000

/* Field N (from 3) of proc(5) "stat", counted behind the name in parentheses, into BUF. */
static bool stat_field(pid_t pid, int n, char *buf, size_t size)
{
	CLEANUP(strbuf_release) struct strbuf b = STRBUF_INIT;
	char path[64];
	const char *s;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fs_read(path, 4096, &b, NULL) != ERR_OK)
		return false;
	s = strrchr(strbuf_cstr(&b), ')');
	for (int field = 3; s && field <= n; field++)
		s = strchr(s + 1, ' ');
	if (!s)
		return false;
	snprintf(buf, size, "%.*s", (int)strcspn(s + 1, " "), s + 1);
	return true;
}

/* In clock ticks since boot: with the pid it names a process for good; 0: no such process. */
static int64_t start_time(pid_t pid)
{
	char text[32];

	return stat_field(pid, 22, text, sizeof(text)) ? strtoll(text, NULL, 10) : 0;
}

static bool is_zombie(pid_t pid)
{
	char text[8];

	return stat_field(pid, 3, text, sizeof(text)) && text[0] == 'Z';
}

static char *path_of(const struct runner *r)
{
	return xasprintf("%s" SUFFIX, r->run_dir);
}

enum err_code pidfile_write(const struct runner *r, struct err *e)
{
	CLEANUP(free_str) char *path = path_of(r);
	CLEANUP(free_str)
	char *text = xasprintf("%d %lld\n", (int)r->pid, (long long)start_time(r->pid));

	return fs_write_atomic(path, text, strlen(text), 0600, e);
}

/* One level: the runner keeps nothing but its ssh sockets there. */
static void remove_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d))) {
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	}
	closedir(d);
	if (rmdir(path) != 0)
		log_warning("remove \"%s\": %s", path, strerror(errno));
}

void pidfile_remove(const struct runner *r)
{
	CLEANUP(free_str) char *path = path_of(r);

	(void)unlink(path);
	remove_dir(r->run_dir);
}

/* A dead leader that nobody has reaped does no harm. */
static bool group_lives(pid_t pid)
{
	return (kill(-pid, 0) == 0 || errno != ESRCH) && !is_zombie(pid);
}

static enum err_code end_group(pid_t pid, int64_t started, const char *name, struct err *e)
{
	int64_t limit = clock_mono_ms() + SWEEP_LIMIT_MS;

	/* a dead leader may leave its group behind, and the number is not given to a new process
	 * while the group lives; but an innocent process of today must not be hit */
	if (start_time(pid) != 0 && start_time(pid) != started)
		return ERR_OK;
	if (group_lives(pid))
		log_warning("%s: ending what an earlier engine left (process group %d)", name,
		            (int)pid);
	do {
		proc_kill(pid, SIGKILL, true);
		if (!group_lives(pid))
			return ERR_OK;
		clock_sleep_ms(10);
	} while (clock_mono_ms() < limit);
	return err_set(e, ERR_TIMEOUT, "process group %d does not end", (int)pid);
}

static enum err_code sweep_one(const char *run_dir, const char *name, struct err *e)
{
	CLEANUP(free_str) char *path = xasprintf("%s/%s", run_dir, name);
	CLEANUP(strbuf_release) struct strbuf b = STRBUF_INIT;
	long long started = 0;
	int pid = 0;

	if (fs_read(path, 256, &b, NULL) == ERR_OK &&
	    sscanf(strbuf_cstr(&b), "%d %lld", &pid, &started) == 2 && pid > 1)
		TRY(end_group(pid, started, name, e));
	(void)unlink(path);
	path[strlen(path) - strlen(SUFFIX)] = '\0';
	remove_dir(path);
	return ERR_OK;
}

enum err_code pidfile_sweep(const char *run_dir, struct err *e)
{
	DIR *d = opendir(run_dir);
	struct dirent *entry;
	enum err_code rc = ERR_OK;

	if (!d)
		return err_errno(e, ERR_IO, "open \"%s\"", run_dir);
	while (rc == ERR_OK && (entry = readdir(d))) {
		bool ours =
		        str_starts(entry->d_name, "job-") || str_starts(entry->d_name, "check-");

		if (ours && str_ends(entry->d_name, SUFFIX))
			rc = sweep_one(run_dir, entry->d_name, e);
	}
	closedir(d);
	return rc;
}
