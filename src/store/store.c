#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/db.h"

#define FILE_MODE       0640
#define DIR_MODE        0750
#define BUSY_MS_DEFAULT 5000
#define MAIN_FILE       "pgtandem.db"
#define LIVE_FILE       "live.db"
#define LOCK_FILE       "pgtandem.lock"

static const char setup_main[] = "PRAGMA journal_mode = WAL;"
                                 "PRAGMA synchronous = FULL;"
                                 "PRAGMA foreign_keys = ON;"
                                 "PRAGMA trusted_schema = OFF;"
                                 "PRAGMA journal_size_limit = 8388608;";

static const char setup_live[] = "PRAGMA journal_mode = WAL;"
                                 "PRAGMA synchronous = OFF;"
                                 "PRAGMA journal_size_limit = 1048576;";

static const char setup_reader[] = "PRAGMA query_only = ON;"
                                   "PRAGMA trusted_schema = OFF;";

static enum err_code make_dir(const struct store_options *o, struct err *e)
{
	TRY(fs_mkdirs(o->dir, 0750, e));
	if (o->group == (gid_t)-1)
		return ERR_OK;
	if (chown(o->dir, (uid_t)-1, o->group) != 0 || chmod(o->dir, DIR_MODE) != 0)
		return err_errno(e, ERR_IO, "give %s to group %u", o->dir, (unsigned int)o->group);
	return ERR_OK;
}

/* Made before SQLite sees it: its -wal and -shm take over mode and group. */
static enum err_code make_file(const char *path, const struct store_options *o, int *out,
                               struct err *e)
{
	CLEANUP(close_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);

	if (fd < 0)
		return err_errno(e, ERR_IO, "open %s", path);
	if (o->group != (gid_t)-1 && fchown(fd, (uid_t)-1, o->group) != 0)
		return err_errno(e, ERR_IO, "give %s to group %u", path, (unsigned int)o->group);
	if (fchmod(fd, FILE_MODE) != 0)
		return err_errno(e, ERR_IO, "mode of %s", path);
	if (out != NULL) {
		*out = fd;
		fd = -1;
	}
	return ERR_OK;
}

/* A lock of the process, not of the descriptor: a forked child does not keep it. */
static enum err_code lock_dir(struct store *s, const struct store_options *o, struct err *e)
{
	CLEANUP(free_str) char *path = xasprintf("%s/" LOCK_FILE, o->dir);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	TRY(make_file(path, o, &s->lock_fd, e));
	if (fcntl(s->lock_fd, F_SETLK, &lock) == 0)
		return ERR_OK;
	if (errno != EAGAIN && errno != EACCES)
		return err_errno(e, ERR_IO, "lock %s", path);
	return err_set(e, ERR_BUSY, "another process writes to %s", o->dir);
}

/* Readers of another user could not make -wal and -shm: they stay when the writer goes. */
static void keep_wal(struct db *d)
{
	int on = 1;

	(void)sqlite3_file_control(d->h, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

static enum err_code open_db(struct db *d, const char *path, const struct store_options *o,
                             const char *setup, struct err *e)
{
	bool writer = o->mode == STORE_READ_WRITE;
	int flags = (writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
	            SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
	int rc;

	if (writer)
		TRY(make_file(path, o, NULL, e));
	else if (!fs_exists(path))
		return err_set(e, ERR_NOT_FOUND, "%s: not there yet", path);
	rc = sqlite3_open_v2(path, &d->h, flags, NULL);
	if (rc != SQLITE_OK)
		return db_error(d, rc, e);
	d->writable = writer;
	sqlite3_busy_timeout(d->h, o->busy_timeout_ms > 0 ? o->busy_timeout_ms : BUSY_MS_DEFAULT);
	(void)sqlite3_db_config(d->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (writer)
		keep_wal(d);
	return db_exec(d, writer ? setup : setup_reader, e);
}

static enum err_code load_controller_id(struct store *s, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->main, "SELECT value FROM meta WHERE key = 'controller_id'", &q, e));
	TRY(query_step(&q, &row, e));
	if (!row)
		return err_set(e, ERR_IO, "the store has no controller_id");
	snprintf(s->controller_id, sizeof(s->controller_id), "%s", sqlite3_column_text(q.st, 0));
	return ERR_OK;
}

static enum err_code open_main(struct store *s, const struct store_options *o, struct err *e)
{
	CLEANUP(free_str) char *path = xasprintf("%s/" MAIN_FILE, o->dir);

	TRY(open_db(&s->main, path, o, setup_main, e));
	TRY(s->main.writable ? schema_migrate(&s->main, e) : schema_check(&s->main, e));
	return load_controller_id(s, e);
}

static enum err_code try_live(struct store *s, const char *path, const struct store_options *o,
                              struct err *e)
{
	TRY(open_db(&s->live, path, o, setup_live, e));
	return s->live.writable ? schema_make_live(&s->live, e) : ERR_OK;
}

static enum err_code check_db(struct db *d, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	const char *text;
	bool row;

	TRY(query_begin(d, "PRAGMA quick_check(1)", &q, e));
	TRY(query_step(&q, &row, e));
	text = row ? (const char *)sqlite3_column_text(q.st, 0) : NULL;
	if (text == NULL || strcmp(text, "ok") != 0)
		return err_set(e, ERR_IO, "%s: the file is damaged: %s", d->what,
		               text != NULL ? text : "?");
	return ERR_OK;
}

static void remove_live(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		CLEANUP(free_str) char *name = xasprintf("%s%s", path, ends[i]);

		(void)unlink(name);
	}
}

/* Without synchronous a power loss may damage the measurements: then they start anew. */
static enum err_code open_live(struct store *s, const struct store_options *o, struct err *e)
{
	CLEANUP(free_str) char *path = xasprintf("%s/" LIVE_FILE, o->dir);

	if (o->mode == STORE_READ_ONLY)
		return try_live(s, path, o, e);
	if (try_live(s, path, o, e) == ERR_OK && check_db(&s->live, e) == ERR_OK)
		return ERR_OK;
	db_close(&s->live);
	remove_live(path);
	err_clear(e);
	return try_live(s, path, o, e);
}

static enum err_code open_all(struct store *s, const struct store_options *o, struct err *e)
{
	if (o->mode == STORE_READ_WRITE) {
		TRY(make_dir(o, e));
		TRY(lock_dir(s, o, e));
	}
	TRY(open_main(s, o, e));
	return open_live(s, o, e);
}

enum err_code store_open(const struct store_options *o, struct store **out, struct err *e)
{
	struct store *s = xcalloc(1, sizeof(*s));
	struct err local = { 0 };

	s->lock_fd = -1;
	s->key = o->key;
	s->dir = xstrdup(o->dir);
	s->main.what = "store";
	s->live.what = "measurements";
	if (open_all(s, o, e != NULL ? e : &local) != ERR_OK) {
		store_close(&s);
		return err_wrap(e != NULL ? e : &local, "open %s", o->dir);
	}
	*out = s;
	return ERR_OK;
}

void store_close(struct store **s)
{
	if (*s == NULL)
		return;
	db_close(&(*s)->main);
	db_close(&(*s)->live);
	close_fd(&(*s)->lock_fd);
	free((*s)->dir);
	free(*s);
	*s = NULL;
}

const char *store_controller_id(const struct store *s)
{
	return s->controller_id;
}

/* data_version moves with others' commits only, total_changes with our own. */
static enum err_code version_of(struct db *d, int64_t *out, struct err *e)
{
	int64_t others = 0;

	TRY(db_get_int(d, "PRAGMA data_version", 0, &others, NULL, e));
	*out = (others << 40) + sqlite3_total_changes64(d->h);
	return ERR_OK;
}

enum err_code store_version(struct store *s, int64_t *out, struct err *e)
{
	return version_of(&s->main, out, e);
}

enum err_code store_live_version(struct store *s, int64_t *out, struct err *e)
{
	return version_of(&s->live, out, e);
}

enum err_code store_check(struct store *s, struct err *e)
{
	return check_db(&s->main, e);
}
